"""A server is killed again and again while the JavaScript client sends: each command is done once, in its order."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests import plain_http
from tests.clients.js_package import node
from tests.tidy.source import PROJECT

pytestmark = [pytest.mark.usefixtures("js"), pytest.mark.slow]
KILLS = 3
SECONDS_MAX = 60


class Doomed:
    """A server in a process of its own, on one port, that is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.kills = 0
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "chatdoc.apps.cli.main",
            "serve",
            str(self._folder),
            "--port",
            str(self.port),
        ]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            try:
                plain_http.request("GET", f"{self.url}/healthz")
                return process
            except httpx.TransportError:
                assert process.poll() is None, "the server did not start"
                time.sleep(0.05)
        raise AssertionError("the server did not answer")

    def kill(self) -> None:
        """End it as no program can prevent, and start another."""
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL
        self.kills += 1
        self._process = self._start()

    def close(self) -> None:
        """End it for good."""
        self._process.terminate()
        self._process.wait(SECONDS_MAX)


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two clients send messages until the last kill is over; both have all, once, each sender's in order."""
    (tmp_path / "sub").mkdir()
    server = Doomed(tmp_path)
    has_failed = threading.Event()
    is_over = tmp_path / "is over"

    def kill() -> None:
        while server.kills < KILLS and not has_failed.wait(0.7):
            server.kill()
        is_over.touch()

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        came = node(
            "test/scenarios.mjs",
            "a server that is killed again and again loses and doubles nothing",
            server.url,
            str(is_over),
        )
    finally:
        has_failed.set()
        killing.join()
        server.close()
    assert came.returncode == 0, (came.stdout + came.stderr)[-3000:]
    assert server.kills == KILLS
    assert int(came.stdout.split()[0]) > 10
