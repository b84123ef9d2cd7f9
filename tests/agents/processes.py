"""Real processes that run turns of a document, are told what to do, and are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import TracebackType

from tests.forked import Forked
from tests.tidy.source import PROJECT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}


class Worker:
    """A process with a document open; `with` ends it in an orderly way unless it was killed."""

    def __init__(self, path: Path) -> None:
        self._process = Forked(path, module="tests.agents.worker", talks=True)
        assert self._answer() == ["opened"]

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def start(self, thread_id: str, *texts: str) -> str:
        """Start a turn and say something; returns its message id."""
        self._tell("start", thread_id)
        what, message_id = self._answer()
        assert what == "started"
        for text in texts:
            self.say(message_id, text)
        return message_id

    def say(self, message_id: str, text: str) -> None:
        """Let a turn append and flush."""
        self._tell("say", message_id, text)
        assert self._answer() == ["said", message_id]

    def end(self, message_id: str, how: str) -> None:
        """Let a turn end: `finalize` or `interrupt`."""
        self._tell("end", message_id, how)
        assert self._answer() == ["ended", message_id]

    def kill(self) -> None:
        """End the process at once, by SIGKILL, and fetch its end."""
        assert self._process.kill() == -signal.SIGKILL

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()
        status = self._process.wait()
        self._process.__exit__()
        assert error is not None or status in (0, -signal.SIGKILL), status

    def _tell(self, *words: str) -> None:
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> list[str]:
        return self._process.stdout.readline().split()
