"""Bounded wait between threads: whoever wants a document that another thread has in a transaction waits, not for ever.

The wait comes before the lock is taken, which stays one that is taken and let go of in C: no interrupt can leave it
taken. A thread that ends its transaction wakes the one that has waited longest.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from chatdoc.model.errors import StoreError

WAIT_S = 120.0
"""So long another thread's transaction is waited for; all that the engine itself waits for in one ends before."""
STEP_S = 0.25
"""So often who waits looks by himself, should nobody have woken him."""


class ThreadTurns:
    """Who has a document's lock in a transaction, and the threads that wait for him."""

    def __init__(self, taken: threading.Lock) -> None:
        self.lock = threading.RLock()
        """The document's lock."""
        self._taken = taken
        """Is locked while the lock's owner is in a transaction."""
        self._waiting: list[threading.Lock] = []
        self._owner = ""

    def begin(self) -> None:
        """This thread, which has the lock, begins a transaction."""
        self._owner = threading.current_thread().name

    def end(self) -> None:
        """A transaction has ended; wakes the thread that has waited longest."""
        for waiter in tuple(self._waiting)[:1]:
            with suppress(RuntimeError):  # It was woken already.
                waiter.release()

    def wait(self) -> None:
        """Wait until no other thread is in a transaction; raises StoreError after a while, with the thread's name."""
        waited = 0.0
        while self._taken.locked() and not self.lock._is_owned():  # type: ignore[attr-defined]
            if waited >= WAIT_S:
                raise StoreError(
                    f"thread {self._owner!r} of this process has had this document in a transaction for more than "
                    f"{WAIT_S:g} seconds; nothing was done",
                    hint="Let that thread end what it does within `together`, then try again",
                )
            waiter = threading.Lock()
            waiter.acquire()
            self._waiting.append(waiter)
            try:
                if self._taken.locked() and not waiter.acquire(timeout=STEP_S):
                    waited += STEP_S
            finally:
                self._waiting.remove(waiter)
