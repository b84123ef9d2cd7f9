"""Queue lock between processes: who waits to write a store is let in before those who have just had their turn.

SQLite has whoever wants the write lock look for it ever more rarely, so a process that takes it again at once keeps all
others waiting. Here one waits at a time, and looks often: it holds the place behind the writer, so who has had a turn
comes after it. Both places are locks on bytes of the journal where nothing is, let go of by the system however their
holder ends. They order who tries first and protect nothing: that is for SQLite's own lock, which is taken inside.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import struct
import threading
from pathlib import Path

from chatdoc.model.clock import monotonic_us
from chatdoc.model.system_errors import says_nothing_of
from chatdoc.store.lock_holder import is_running, writer_of
from chatdoc.store.sqlite.sqlite_errors import is_busy

WAIT_S = 5.0
"""So long another process is waited for here; who waits longer does so for SQLite's lock, which says who has it."""
SLOW_TIMES = 30
"""So many times as long as its connection waits, ten seconds by default, one is waited for there that is seen to run.

Telling the event log what a chat of 1,000,000 messages said before is one transaction, and takes a minute.
"""
TURN_US = 10_000
"""So long the same one may write again before who waits: each change of turns costs reading what the other wrote."""
_STEPS_S = (0.0002,) * 25 + (0.001,)
_PLACES = 1 << 62
"""Where the bytes lie that stand for who writes and for who is next: beyond the end of any journal."""
_SET: int | None = getattr(fcntl, "F_OFD_SETLK", None)
"""Locks of an open file, and not of a process: SQLite closes files of its own under the same name."""
_LOCKED = (errno.EAGAIN, errno.EACCES)


def _order(kind: int, start: int, length: int = 1) -> bytes:
    return struct.pack("hhqqi", kind, os.SEEK_SET, _PLACES + start, length, 0)


_TAKE_BOTH, _TAKE_WRITER, _TAKE_NEXT = (
    _order(fcntl.F_WRLCK, 0, 2),
    _order(fcntl.F_WRLCK, 0),
    _order(fcntl.F_WRLCK, 1),
)
_LEAVE_WRITER, _LEAVE_NEXT = _order(fcntl.F_UNLCK, 0), _order(fcntl.F_UNLCK, 1)


class ProcessTurns:
    """The places at one store's journal, for one connection; where nobody can be waited for, nobody is."""

    def __init__(self, file: Path | None) -> None:
        self._journal = f"{file}-wal"
        self._store, self._file = file, -1
        self._is_of_use = file is not None and _SET is not None
        self._since_us = -TURN_US
        """When the last turn began."""
        self._gave_up = False
        """Whether the place was waited for in vain; it is not waited for again until it can be had at once."""

    def enter(self) -> bool:
        """Take the place of the writer; false where it cannot be had, and SQLite's lock is all there is to wait for."""
        if not self._is_of_use:
            return False
        try:
            if self._file < 0:
                self._file = os.open(self._journal, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            if monotonic_us() - self._since_us < TURN_US and self._take(_TAKE_WRITER):
                return True
            if self._take(_TAKE_BOTH) or (not self._gave_up and self._wait()):
                self._gave_up, self._since_us = False, monotonic_us()
                self._take(_LEAVE_NEXT)
                return True
            # Its holder writes for long; or does not write, as the fork of a process that ended in the middle does not.
            self._gave_up = True
        except FileNotFoundError:  # The first one to write makes it.
            pass
        except OSError as error:  # The file system has no such locks, or the journal may not be opened.
            self._is_of_use = says_nothing_of(error)
        return False

    def begin(self, connection: sqlite3.Connection, statement: str) -> None:
        """Begin a transaction of SQLite's; raises sqlite3.Error where another process has its lock for too long."""
        for left in reversed(range(SLOW_TIMES)):
            try:
                connection.execute(statement)
                return
            except sqlite3.OperationalError as error:
                # One that was stopped, or cannot be seen, may never let go.
                if not (left and is_busy(error) and is_running(writer_of(self._store))):
                    raise

    def leave(self, *_: object) -> None:
        """Let the next one in; nothing for who has no place."""
        if self._file >= 0 and self._is_of_use:
            self._take(_LEAVE_WRITER)

    __enter__, __exit__ = enter, leave

    def close(self) -> None:
        """Let go of the journal, and of any place."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _wait(self) -> bool:
        """Wait for the place behind the writer, and there for the writer's."""
        pause, waited, number, is_next = threading.Event(), 0.0, 0, False
        try:
            while waited < WAIT_S:
                if self._take(_TAKE_WRITER if is_next else _TAKE_NEXT):
                    if is_next:
                        return True
                    is_next, number = True, 0
                    continue
                step = _STEPS_S[min(number, len(_STEPS_S) - 1)]
                pause.wait(step)
                waited, number = waited + step, number + 1
        finally:
            self._take(_LEAVE_NEXT)
        return False

    def _take(self, order: bytes) -> bool:
        try:
            fcntl.fcntl(self._file, _SET, order)  # type: ignore[arg-type]
        except OSError as error:
            if error.errno not in _LOCKED:
                raise
            return False
        return True
