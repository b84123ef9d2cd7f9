"""A server is killed again and again while the JavaScript client sends: each command is done once, in its order."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from tests.clients.js_package import node
from tests.many_servers.server_process import Server

pytestmark = [pytest.mark.usefixtures("js"), pytest.mark.slow]
KILLS = 3


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two clients send messages until the last kill is over; both have all, once, each sender's in order."""
    (tmp_path / "sub").mkdir()
    server = Server(str(tmp_path))
    kills: list[int] = []
    has_failed = threading.Event()
    is_over = tmp_path / "is over"

    def kill() -> None:
        try:
            while len(kills) < KILLS and not has_failed.wait(0.7):
                kills.append(server.end(signal.SIGKILL))
                server.start()
        finally:
            is_over.touch()

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        came = node(
            "test/scenarios.mjs",
            "a server that is killed again and again loses and doubles nothing",
            f"http://127.0.0.1:{server.port}",
            str(is_over),
        )
    finally:
        has_failed.set()
        killing.join()
        server.end(signal.SIGKILL)
    assert came.returncode == 0, (came.stdout + came.stderr)[-3000:]
    assert kills == [-signal.SIGKILL] * KILLS
    assert int(came.stdout.split()[0]) > 10
