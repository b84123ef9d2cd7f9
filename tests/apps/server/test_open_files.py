"""A server that may open few files: clients leave some to the documents, and what is too much fills no log."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.apps.server.accept_errors import AcceptErrors
from tests import plain_http

FILES = 128
WEBSOCKETS = round(FILES * 0.6)
HANDSHAKE = (
    b"GET /sync/a.chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FULL = (4529).to_bytes(2)


class Limited:
    """A server of its own process."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        command = (
            f"ulimit -n {FILES}; exec {sys.executable} -u -m chatdoc.apps.cli.main serve {folder} --port 0"
        )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", command], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        found = re.search(r"http://127.0.0.1:(\d+)", self.process.stdout.readline())
        assert found is not None
        self.port = int(found[1])

    def connections(self, count: int) -> list[socket.socket]:
        """Connections that say nothing yet."""
        return [socket.create_connection(("127.0.0.1", self.port)) for _ in range(count)]

    def get(self, path: str) -> int:
        """The status of an answer."""
        return plain_http.request("GET", f"http://127.0.0.1:{self.port}{path}").status_code


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Limited]:
    """Such a server of a folder with two documents."""
    for name in ("a.chat", "b.chat"):
        with open_document(tmp_path / name) as document:
            document.create_thread(sender_id="ada", content="Hello")
    found = Limited(tmp_path)
    yield found
    found.process.terminate()
    assert found.process.wait(30) == 0
    assert found.process.stdout is not None
    found.process.stdout.close()


def test_connections_beyond_the_files_of_the_process_fill_no_log(server: Limited) -> None:
    """One line says what to do, where each try of each second was told; and when some are gone it serves again."""
    waiting = server.connections(2 * FILES)
    ends = time.monotonic() + 60
    while "`ulimit -n` lets it open more" not in server.log.read_text():
        assert time.monotonic() < ends
        time.sleep(0.1)
    time.sleep(2.5)  # A second for each try.
    assert len(server.log.read_text()) < 10_000
    for one in waiting:
        one.close()
    assert server.get("/api/documents/b.chat/threads") == 200


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_only_who_opened_too_many_files_is_told_to_open_more(
    caplog: pytest.LogCaptureFixture, number: int
) -> None:
    """A machine that has no files or memory left is another matter, which no limit of the process changes."""
    loop = asyncio.new_event_loop()
    for _ in range(3):
        AcceptErrors()(loop, {"exception": OSError(number, os.strerror(number)), "socket": None})
    loop.close()
    assert [os.strerror(number) in one.getMessage() for one in caplog.records] == [True] * 3
    assert ("ulimit" in caplog.text) is (number == errno.EMFILE)


def test_clients_leave_files_to_the_documents(server: Limited) -> None:
    """Websockets take a part of the files and no more: whoever comes later is told when, and documents still open."""
    waiting, closed = server.connections(WEBSOCKETS + 5), set[socket.socket]()
    for one in waiting:
        one.sendall(HANDSHAKE)
        one.settimeout(30)
        said = b""
        while b"\r\n\r\n" not in said:
            said += one.recv(4096)
        assert said.startswith(b"HTTP/1.1 101"), said[:80]
        if FULL in said:  # The end came with the beginning.
            closed.add(one)
    assert server.get("/api/documents/b.chat/threads") == 200
    ends = time.monotonic() + 30
    while len(closed) < 5 and time.monotonic() < ends:
        readable, _, _ = select.select([one for one in waiting if one not in closed], [], [], 1)
        closed |= {one for one in readable if FULL in one.recv(4096)}
    assert len(closed) == 5
    for one in waiting:
        one.close()
