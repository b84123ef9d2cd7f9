"""Connections that send nothing, or a request that never ends, keep nobody out: they are closed, and files suffice."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.serve import Limits
from tests import plain_http
from tests.apps.server.serving import SECONDS_MAX, Serving

BEGUN = (
    b"",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea",
    b"POST /api/documents/a.chat/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 99\r\n\r\n{"type',
)


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection that may be slow."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as made:
        yield made


@pytest.mark.parametrize("sent", BEGUN)
def test_a_request_that_does_not_come_whole_is_not_waited_for(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection is closed, and nothing is logged as an error of ours."""
    with Serving(tmp_path, limits=Limits(request_s=0.2)) as serving, connected(serving.port) as slow:
        slow.sendall(sent)
        while slow.recv(65536):
            pass
        assert serving.http.get("/healthz").json() == {"ok": True}
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_stream_and_a_websocket_stay_longer_than_a_request_may_take(serving: Serving) -> None:
    """The deadline is for what is sent to the server, not for what it answers."""
    with Serving(serving.folder, limits=Limits(request_s=0.2, autosave_s=0.05)) as hasty:
        hasty.command("a.chat", type="create_thread", sender_id="ada", content="x")
        headers = {"Accept": "text/event-stream"}
        with (
            connected(hasty.port) as idle,
            hasty.http.stream("GET", "/api/documents/a.chat/events", headers=headers) as response,
        ):
            lines = response.iter_lines()
            assert idle.recv(1) == b"", "so long it took"
            hasty.command("a.chat", type="create_thread", sender_id="ada", content="news")
            assert next(line for line in lines if "news" in line)


def test_more_connections_than_a_shell_allows_keep_nobody_out(tmp_path: Path) -> None:
    """The limit that a shell gives is raised as far as the system lets it."""
    command = f'ulimit -Sn 100; exec "{sys.executable}" -m chatdoc.apps.cli.main serve "$0" --port 0'
    with subprocess.Popen(
        ["/bin/sh", "-c", command, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={"COLUMNS": "200"}
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert found is not None
            port = int(found[1])
            with contextlib.ExitStack() as stack:
                for _ in range(150):
                    stack.enter_context(connected(port)).sendall(BEGUN[1])
                came = plain_http.request("GET", f"http://127.0.0.1:{port}/healthz")
                assert came.json() == {"ok": True}
        finally:
            process.kill()
