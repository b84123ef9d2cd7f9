"""Worker thread: work runs beside the test for a bounded time, so that a store that hangs fails and does not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
PATIENCE_S = 30.0
"""So long anything here may take; nothing that works comes near it, on a busy machine neither."""


class Running(Generic[Answer]):
    """Work in a thread of its own, begun at once."""

    def __init__(self, work: Callable[[], Answer]) -> None:
        self._work = work
        self._answers: list[Answer] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def is_done_within(self, timeout_s: float) -> bool:
        """Whether the work ends in so many seconds."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def answer(self) -> Answer:
        """What the work returns; raises what it raises, and AssertionError when it does not end."""
        assert self.is_done_within(PATIENCE_S), f"the store did not answer within {PATIENCE_S:g} seconds"
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _run(self) -> None:
        try:
            self._answers.append(self._work())
        except BaseException as error:  # It is raised again in the thread of the test.
            self._error = error
