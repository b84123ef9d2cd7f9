"""A command that goes on, as a terminal runs it: its lines are read as they come, and Ctrl-C ends it."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests import ctrl_c, forked
from tests.tidy.source import PROJECT

PATIENCE_S = 60
WRITER = """
import sys
from chatdoc.open import open_document
path, thread_id, *texts = sys.argv[1:]
with open_document(path, durability="normal") as document:
    for text in texts:
        document.send(thread_id, sender_id="bob", content=text)
"""


def write_elsewhere(path: Path, thread_id: str, *texts: str) -> None:
    """Let another process send messages."""
    done = forked.run(path, thread_id, *texts, source=WRITER)
    assert done.returncode == 0, done.stderr


class Followed:
    """A running command; `with` kills it when the test did not end it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        with ctrl_c.heard():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chatdoc.apps.cli.main", *arguments],
                cwd=folder,
                env={"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Followed:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._reader.join()
        self._process.communicate()

    def lines(self, count: int) -> list[str]:
        """The next lines, without their ends; fails when they do not come."""
        return [self._lines.get(timeout=PATIENCE_S) for _ in range(count)]

    def interrupt(self) -> tuple[int, str, list[str]]:
        """Press Ctrl-C; the exit status, what standard error got, and the lines nobody had read."""
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(PATIENCE_S)
        self._reader.join()
        assert self._process.stderr is not None
        left = [self._lines.get() for _ in range(self._lines.qsize())]
        return status, self._process.stderr.read(), left

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
