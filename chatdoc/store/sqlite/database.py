"""Transaction manager over one SQLite connection: after any failure the next call finds what the last COMMIT left.

No flag outlives a call. A transaction that an interrupted call left open is undone by the next one, and a connection
that SQLite may not be trusted with any more is dropped and opened anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from chatdoc.model.errors import StoreError
from chatdoc.store.lock_holder import writer_of
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.database import Ahead, Catalog, Question, Questions, Version
from chatdoc.store.sql.open_calls import is_on_stack, read_only, require_own_process
from chatdoc.store.sqlite.catalog import SqliteCatalog
from chatdoc.store.sqlite.connection import (
    Access,
    Care,
    Looks,
    connect,
    connect_temporary,
    inode_of,
    looks_of,
    prepare,
    require_same_file,
)
from chatdoc.store.sqlite.process_turns import ProcessTurns
from chatdoc.store.sqlite.sqlite_errors import (
    FAULTS,
    START_OVER,
    Fault,
    breaks_trust,
    failure,
    is_busy,
    unreadable,
)

_ABANDONED: list[sqlite3.Connection] = []
"""Connections of a parent process, kept so that this child never closes them: that would touch the parent's journal."""
_Answer = TypeVar("_Answer")


class Database:
    """One store's file, or a store in memory where `file` is None; any thread may use it, one at a time."""

    def __init__(
        self,
        file: Path | None,
        *,
        durability: Care = "full",
        timeout_s: float = 10.0,
        readonly: bool = False,
        still: Looks | None = None,
    ) -> None:
        self.file, self.readonly = file, readonly
        self.name = ":memory:" if file is None else str(file)
        self.start_over = START_OVER
        self.faults: tuple[type[Exception], ...] = FAULTS
        self.without_receipt: set[str] = set()
        self.catalog: Catalog = SqliteCatalog(self)
        self.lock = threading.RLock()
        """Taken in a `with` only: it is let go in C, whatever is raised between two bytecodes."""
        self.care, self.timeout_s, self._pid = durability, timeout_s, os.getpid()
        self._still = still
        """How the file looked when reading began without locks; None while locks are used."""
        self._generation, self.commits, self.is_closed = 0, 0, False
        self._frame: FrameType | None = None
        """The call whose transaction is open. A call that was interrupted is on no stack, so it cannot be mistaken."""
        self._held: tuple[FrameType, Version] | None = None
        """What `version` said first in the transaction of a call: until that ends, nobody else can commit."""
        self._distrusted = False
        self.has_wal = False
        """Whether this writes with a write-ahead journal (`wal_mode`)."""
        self._inode = None if file is None else inode_of(file)
        self._turns = ProcessTurns(file)
        self._connection: sqlite3.Connection | None = self._connect()

    def rows(self, question: str, values: Sequence[Any], doing: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; errors come out as StoreError."""
        return self.ask(lambda execute: execute(question, values).fetchall(), doing)

    def ask(self, read: Callable[[Execute], _Answer], doing: str) -> _Answer:
        """What `read` finds, as the open transaction sees it where this thread has one."""
        require_own_process(self._pid, self.name)
        with self.lock:
            try:
                return self._unless_overtaken(lambda: read(self._ready().execute))
            except FAULTS as error:
                raise self.failed(error, doing) from error
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise unreadable(error, self.name, doing) from error

    def at_one_moment(self, read: Callable[[], _Answer], doing: str) -> _Answer:
        """What `read` finds by asking this, all as of one moment; it may be called twice."""
        require_own_process(self._pid, self.name)
        with self.lock:
            if self.is_inside():
                return read()
            return self._unless_overtaken(lambda: self._transact("BEGIN", read, doing))

    def ask_at_one_moment(self, read: Callable[[Execute], _Answer], doing: str) -> _Answer:
        """See `Tables`."""
        return self.at_one_moment(lambda: self.ask(read, doing), doing)

    def held_version(self) -> Version | None:
        """The version in a transaction that this thread has open and that has asked for it; else None."""
        return held[1] if (held := self._held) and held[0] is self._frame and self.is_inside() else None

    def version(self) -> Version:
        """Changes whenever somebody else committed, or this may have lost count."""
        with self.lock:
            if (held := self.held_version()) is not None:
                return held
            require_own_process(self._pid, self.name)
            self._was_overtaken()
            try:
                version = self._generation, self._ready().execute("PRAGMA data_version").fetchone()[0]
            except FAULTS as error:
                raise self.failed(error, "be asked for changes") from error
            self._held = None if self._frame is None else (self._frame, version)
            return version

    def transact(self, work: Callable[[], _Answer], doing: str, ahead: Ahead = tuple) -> _Answer:
        """Do something in one transaction that is written whole or not at all; a file needs no question ahead."""
        require_own_process(self._pid, self.name)
        with self.lock:
            assert not self.is_inside(), "a transaction is open in this thread already; write in that one"
            self.require_writable()
            self.require_there()
            with self._turns:
                return self._transact("BEGIN IMMEDIATE", work, doing)

    def read_ahead(self, questions: Questions) -> None:
        """Nothing: a file is asked when it is asked."""

    def change(self, work: Callable[[Execute, ExecuteMany], _Answer], doing: str) -> _Answer:
        """Write rows, in the transaction that this thread has open, or else in one of its own."""
        with self.lock:
            if not self.is_inside():
                return self.transact(lambda: self.change(work, doing), doing)
            connection = self.connection()
            try:
                return work(connection.execute, connection.executemany)
            except FAULTS as error:
                raise self.failed(error, doing) from error

    def _transact(self, begin: str, work: Callable[[], _Answer], doing: str) -> _Answer:
        connection = self._ready()
        self.without_receipt.clear()
        try:
            self._frame = sys._getframe()
            self._turns.begin(connection, begin)
            answer = work()
            connection.execute("COMMIT")
        except BaseException as error:
            self._frame = self._held = None
            if isinstance(error, FAULTS):
                self._distrusted |= breaks_trust(error)
                self._undo(connection)
                raise self.failed(error, doing) from error
            self._undo(connection)
            raise
        self._frame = self._held = None
        self.commits += begin != "BEGIN"
        return answer

    def connection(self) -> sqlite3.Connection:
        """The connection, in a transaction that this thread has open; for the rooms of the store alone."""
        return self._connection or self._ready()

    def failed(self, error: Fault, doing: str) -> Exception:
        """The error to raise for one of SQLite's; a connection it cannot be trusted with any more is dropped."""
        if breaks_trust(error):
            if self.is_inside():
                self._distrusted = True
            else:
                self._drop()
        return failure(error, self.name, doing, holder=writer_of(self.file) if is_busy(error) else None)

    def is_inside(self) -> bool:
        """Whether this thread is within a call that has a transaction open."""
        return is_on_stack(self._frame)

    def require_writable(self) -> None:
        """Raise ReadOnlyTarget where this was opened for reading only."""
        if self.readonly:
            raise read_only(self.name)

    def require_there(self) -> None:
        """Raise StoreGone when the file is not the one that was opened."""
        if self.file is not None:
            require_same_file(self.name, self._inode)  # A text is looked up faster than a path.

    def require_open(self) -> None:
        """Raise StoreError once this is closed, and DocumentFailed in a child of the process that opened it."""
        require_own_process(self._pid, self.name)
        if self.is_closed:
            raise StoreError(f"the store {self.name} is closed", hint="Open the document again")

    @contextlib.contextmanager
    def reader(self, questions: Sequence[Question]) -> Iterator[sqlite3.Connection]:
        """A second connection that sees one moment of the file, whatever others write; raises sqlite3.Error."""
        if self.file is None:  # A store in memory has one connection, which nobody else writes on.
            yield self._ready()
            return
        with contextlib.closing(self._connect_file(self.file)) as connection:
            connection.executescript("PRAGMA query_only = ON; BEGIN")
            yield connection

    def close(self) -> None:
        """Let go of the file; the last one of all writes the journal back. In a forked child nothing is touched."""
        if os.getpid() != self._pid:
            _ABANDONED.extend(filter(None, [self._connection]))
            self.is_closed = True
            return
        with self.lock:
            self.is_closed = True
            connection, self._connection = self._connection, None
            self._turns.close()
            if connection is not None:
                with contextlib.suppress(*FAULTS):
                    connection.close()

    def _ready(self) -> sqlite3.Connection:
        """The connection, with nothing open that no running call has opened."""
        connection = self._connection
        if connection is None:
            self.require_open()
            self.require_there()
            try:
                connection = self._connection = self._connect()
            except FAULTS as error:
                raise failure(error, self.name, "be opened again") from error
        elif connection.in_transaction and not self.is_inside():
            self._undo(connection)
            return self._ready()
        return connection

    def _connect(self) -> sqlite3.Connection:
        self._generation += 1
        self._distrusted = False
        if self.file is None:
            return connect_temporary()
        connection = self._connect_file(self.file)
        self.has_wal = prepare(connection, care=self.care, readonly=self.readonly)
        return connection

    def _connect_file(self, file: Path) -> sqlite3.Connection:
        access: Access = "write" if not self.readonly else "read" if self._still is None else "still"
        return connect(file, timeout_s=self.timeout_s, access=access)

    def _undo(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except FAULTS:
            self._distrusted = True
        if self._distrusted:
            self._drop()

    def _drop(self) -> None:
        """Forget a connection: when an fsync failed, what SQLite remembers may not be what the disk has."""
        if self.file is None:
            self._distrusted = False
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*FAULTS):
                connection.close()

    def _unless_overtaken(self, read: Callable[[], _Answer]) -> _Answer:
        """What `read` finds, once more where somebody wrote meanwhile: its answer or its error may be wrong then."""
        try:
            found = read()
        except Exception:
            if not self._was_overtaken():
                raise
        else:
            if not self._was_overtaken():
                return found
        return read()

    def _was_overtaken(self) -> bool:
        """Whether somebody wrote while this read without locks, so that the answer may be wrong; then take locks."""
        if self._still is None or self.file is None or self.is_inside():
            return False
        if looks_of(self.file) == self._still:
            return False
        self._still = None
        self._drop()
        return True
