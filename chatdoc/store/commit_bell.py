"""Wake-up of waiting threads: a commit is counted and told without any lock that an interrupt could leave behind.

`threading.Condition` enters and leaves its lock in Python, so an exception between two bytecodes of that would keep the
lock for ever. Here each waiter has a lock of its own, which a commit lets go of.
"""

from __future__ import annotations

import contextlib
import threading


class CommitBell:
    """Counts commits made through one object; commits come one at a time, waiters from any thread."""

    def __init__(self) -> None:
        self.commits = 0
        self._waiting: list[threading.Lock] = []

    def committed(self) -> None:
        """Count a commit and wake who waits."""
        self.commits += 1
        if self._waiting:
            self.ring()

    def ring(self) -> None:
        """Wake who waits."""
        for waiter in tuple(self._waiting):
            with contextlib.suppress(RuntimeError):  # It was woken already.
                waiter.release()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Wait until there are other commits than were seen, or for so many seconds; a call may end early."""
        waiter = threading.Lock()
        waiter.acquire()
        self._waiting.append(waiter)
        try:
            if self.commits == seen:
                waiter.acquire(timeout=timeout_s)
        finally:
            self._waiting.remove(waiter)
