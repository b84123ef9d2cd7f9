"""Deadline on silence: a database that says nothing more is given up, also where its connection stands.

It ends its statements itself, so one that was silent for longer than it lets them take hangs, or a proxy before it
does: no error would ever come. Where a second connection has no answer either, that is known sooner.
What counts is how long this process waited, so one that was stopped and continues gives nobody up.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg

_STEP_MS = 1000
_Answer = TypeVar("_Answer")


class Unanswered(psycopg.OperationalError):
    """Nothing came over a connection that stands; what was sent may have been done."""


class Deadline:
    """How long a call waits for a word of the database."""

    def __init__(self, silent_ms: int, gone_ms: int, is_gone: Callable[[], bool] = lambda: False) -> None:
        self._silent_ms, self._gone_ms, self._is_gone = silent_ms, gone_ms, is_gone
        self.step_ms = min(_STEP_MS, silent_ms)
        """So often whoever waits asks whether he still may."""

    def require(self, waited_ms: int) -> None:
        """Raise Unanswered once the database was silent for too long."""
        # A second connection that is made to find out needs its time.
        is_gone = waited_ms >= self._gone_ms // 3 and self._is_gone()
        if waited_ms >= self._silent_ms or (is_gone and waited_ms >= self._gone_ms):
            raise Unanswered(f"no answer came for {waited_ms / 1000:g} seconds")


class PatientConnection(psycopg.Connection[Any]):
    """A connection whose calls have a deadline."""

    deadline: Deadline

    def wait(
        self, gen: Generator[Any, Any, _Answer], interval: float = 0.1, timeout: float | None = None
    ) -> _Answer:
        """Wait for a call of psycopg's; after Unanswered the connection is closed, so that nobody waits again."""
        more = {} if timeout is None else {"timeout": timeout}  # psycopg 3.2 knows of none.
        try:
            return super().wait(self._limited(gen, int(interval * 1000)), interval, **more)
        except Unanswered:
            self.close()
            raise

    def _limited(self, call: Generator[Any, Any, _Answer], interval_ms: int) -> Generator[Any, Any, _Answer]:
        waited_ms = 0
        try:
            wanted = next(call)
            while True:
                ready = yield wanted
                waited_ms = 0 if ready else waited_ms + interval_ms
                if waited_ms:
                    self.deadline.require(waited_ms)
                wanted = call.send(ready)
        except StopIteration as done:
            answer: _Answer = done.value
            return answer
