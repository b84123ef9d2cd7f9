"""Queue lock between threads: who wants a document waits behind those who came before him, and not for ever.

The wait comes before the lock is taken, which stays one that is taken and let go of in C: no interrupt can leave it
taken. Whoever waits with a command that has an id may be spared his turn: see `joined_commands`.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

from chatdoc.engine.known_command import KnownCommand
from chatdoc.model.errors import StoreError

WAIT_S = 120.0
"""So long another thread's transaction is waited for; all that the engine itself waits for in one ends before."""
STEP_S = 0.25
"""So often who waits looks by himself, should nobody have woken him."""
JOINED_MAX = 63
"""So many commands of other threads are done along at most."""

Answer = tuple[Any, Exception | None]


class Waiting:
    """A thread that waits, with the command that another one may do along, if that is so."""

    __slots__ = ("answer", "command", "thread", "woken")

    def __init__(self, command: KnownCommand | None) -> None:
        self.command = command
        self.answer: Answer | None = None
        """What became of the command, once another thread has done it."""
        self.thread = threading.get_ident()
        self.woken = threading.Lock()
        self.woken.acquire()

    def wake(self) -> None:
        """Let the thread look whether it may go."""
        with suppress(RuntimeError):  # It was woken already.
            self.woken.release()


class ThreadTurns:
    """Who has a document's lock in a transaction, and the threads that wait for him."""

    def __init__(self, taken: threading.Lock) -> None:
        self.lock = threading.RLock()
        """The document's lock; `wait` before it is taken."""
        self._taken = taken
        """Is locked while the lock's owner is in a transaction."""
        self._waiting: list[Waiting] = []
        self._owner = 0
        """The number of the thread that began the last transaction."""
        self._pid = os.getpid()

    def begin(self) -> None:
        """This thread, which has the lock, begins a transaction."""
        self._owner = threading.get_ident()

    def offered(self) -> list[Waiting]:
        """Those whose commands the open transaction may do along, the longest waiting first."""
        return [one for one in tuple(self._waiting) if one.command is not None][:JOINED_MAX]

    def end(self) -> None:
        """Wake those whose commands were done, and of the others the thread that has waited longest."""
        if self._taken.locked():
            return
        is_first = True
        for one in tuple(self._waiting):
            if one.answer is not None:
                one.wake()
            elif is_first:
                one.wake()
                is_first = False

    def wait(self, command: KnownCommand | None = None, *, ends: bool = False) -> Answer | None:
        """Wait until it is this thread's turn, or its command was done; raises StoreError after a while.

        `ends` says that a transaction follows, whose `end` wakes the next one. The error names the thread that is in
        the way.
        """
        is_free = not self._waiting and not self._taken.locked()
        if is_free or self.lock._is_owned() or os.getpid() != self._pid:  # type: ignore[attr-defined]
            return None
        one, waited = Waiting(command), 0.0
        is_passed_on = False
        try:
            self._waiting.append(one)
            while one.answer is None and not self._is_next(one):
                if waited >= WAIT_S:
                    raise StoreError(
                        f"thread {_name_of(self._owner)!r} of this process has had this document in a transaction for "
                        f"more than {WAIT_S:g} seconds; nothing was done",
                        hint="Let that thread end what it does within `together`, then try again",
                    )
                if not one.woken.acquire(timeout=STEP_S):
                    waited += STEP_S
                    if not self._taken.locked():
                        self._forget_cut_off()
            is_passed_on = ends or one.answer is not None
        finally:
            self._waiting.remove(one)
            if not is_passed_on:
                self.end()
        return one.answer

    def _is_next(self, one: Waiting) -> bool:
        """Whether nobody is in a transaction, and all who came before are done."""
        if self._taken.locked():
            return False
        return next(other for other in tuple(self._waiting) if other.answer is None) is one

    def _forget_cut_off(self) -> None:
        """Forget those who wait no more: an interrupt has struck them on their way out of the queue."""
        running = sys._current_frames()
        for one in tuple(self._waiting):
            if not _waits(one, running.get(one.thread)):
                with suppress(ValueError):
                    self._waiting.remove(one)


def _name_of(number: int) -> str:
    """What a thread is called; its number where it is over, or none of Python's."""
    return next((one.name for one in threading.enumerate() if one.ident == number), str(number))


def _waits(one: Waiting, frame: FrameType | None) -> bool:
    """Whether a thread, of which this is the innermost call, still waits."""
    while frame is not None:
        if frame.f_code is ThreadTurns.wait.__code__ and frame.f_locals.get("one") is one:
            return True
        frame = frame.f_back
    return False
