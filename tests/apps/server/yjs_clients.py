"""Real y-websocket and hocuspocus clients in one Node process, told what to do and asked what they see."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Queue
from typing import Any

HOME = Path(__file__).parent / "clients"
SECONDS_MAX = 90
"""More than the process itself waits for anything, so that it can say what did not come."""


def install() -> None:
    """Put the clients' packages beside the script, once. Raises RuntimeError without node or npm."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise RuntimeError(
                f"{tool} is not installed; CHATDOC_WITHOUT_NODE=1 skips the tests that need it"
            )
    wanted, done = HOME / "package.json", HOME / "node_modules" / ".package-lock.json"
    with wanted.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Workers of one test run start together.
        if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
            return
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        came = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=SECONDS_MAX)
        if came.returncode:
            raise RuntimeError(f"npm could not install the clients: {came.stderr[-2000:]}")
        os.utime(done)


class Clients:
    """The Node process; `with` ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(HOME / "clients.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._answers: dict[int, Queue[dict[str, Any]]] = {}
        self._next = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __call__(self, order: str, **given: Any) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        return self.later(order, **given)()

    def later(self, order: str, **given: Any) -> Any:
        """Give an order; what is returned waits for its answer."""
        self._next += 1
        answer: Queue[dict[str, Any]] = Queue()
        number, self._answers[self._next] = self._next, answer
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "order": order, **given}) + "\n")

        def wait() -> dict[str, Any]:
            came = answer.get(timeout=SECONDS_MAX)
            assert "error" not in came, came["error"]
            return came

        return wait

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            came = json.loads(line)
            self._answers.pop(came["id"]).put(came)
        for answer in list(self._answers.values()):
            answer.put({"error": "the Node process ended"})

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._reader.join()
