"""Overlapped call: what waits for the disk, or hashes, is done in a thread while its caller goes on.

Hashing, reading and writing let go of the interpreter's lock, so that two such things together take as long as one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

LARGE_BYTES = 1_048_576
"""Below that, beginning a thread costs more than what it would do."""
Answer = TypeVar("Answer")


class Overlapped(Generic[Answer]):
    """Work on so many bytes, begun at once where they are many and a thread can be had, else once it is asked for."""

    def __init__(self, work: Callable[[], Answer], *, size_bytes: int) -> None:
        self._work = work
        self._made: list[Answer] = []
        self._error: BaseException | None = None
        self._thread = begun(self._run) if size_bytes >= LARGE_BYTES else None

    def result(self) -> Answer:
        """What the work answers, waited for; done here where no thread has done it. Raises what it raised."""
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        if not self._made:
            self._made.append(self._work())
        return self._made[0]

    def _run(self) -> None:
        try:
            self._made.append(self._work())
        except BaseException as error:
            self._error = error


def begun(work: Callable[[], object]) -> threading.Thread | None:
    """A thread that does some work; None where no more threads may be begun, and whoever asks does it himself."""
    thread = threading.Thread(target=work, name="chatdoc-beside", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
