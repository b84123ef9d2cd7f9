"""One SQLite file, opened only if it is whole and ours, made only where none was, and never more than its owner's.

A file that is empty or cut off under the real name is damage, for `making.py` never leaves one there.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from chatdoc.model.errors import ReadOnlyTarget, StoreDamaged, StoreError, StoreTooNew, WriteFailed
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.connection import Access, Looks, connect, looks_of
from chatdoc.store.sqlite.create import make_if_absent
from chatdoc.store.sqlite.sqlite_errors import FAULTS, START_OVER, Fault, breaks_trust, failure

Durability = Literal["full", "normal"]
"""`full`: what was acknowledged survives a power failure; `normal`: it survives the end of the process."""

READER_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = 4000
"""A command changes some 20 pages, most of them those of the last one: fewer checkpoints write each of them once."""
_MAGIC = b"SQLite format 3\0"
_STEPS = "SELECT count(*) FROM schema_steps"
_Found = TypeVar("_Found")


class Database:
    """A connection with its lock; any thread may use it, one at a time, and after a failed fsync nobody writes."""

    def __init__(
        self,
        file: Path,
        connection: sqlite3.Connection,
        *,
        readonly: bool = False,
        still: Looks | None = None,
    ) -> None:
        self.file = file
        self.connection = connection
        self.readonly = readonly
        self._still = still
        """How the file looked when reading began without locks; None while locks are used."""
        self.lock = threading.RLock()
        self.broken = ""
        """Why nothing may be written any more, or empty."""

    def failed(self, error: Fault, doing: str) -> Exception:
        """The error to raise for one of SQLite's; some of them end all writing until the store is opened again."""
        if breaks_trust(error):
            self.broken = f"could not {doing}: {error}"
        return failure(error, self.file, doing)

    def require_writable(self) -> None:
        """Raise StoreError or ReadOnlyTarget when nothing may be written."""
        if self.broken:
            raise StoreError(
                f"the store {self.file} failed before ({self.broken})",
                hint="Check the disk, then open the document again",
            )
        if self.readonly:
            raise ReadOnlyTarget(
                f"the store {self.file} was opened for reading only", hint="Open it to write"
            )

    def begin(self, doing: str) -> None:
        """Begin a transaction; this thread holds the lock until `commit` or `rollback`. Raises as `failed` says."""
        self.lock.acquire()
        try:
            self.require_writable()
            self.connection.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self.lock.release()
            if isinstance(error, FAULTS):
                raise self.failed(error, doing) from error
            raise

    def commit(self, doing: str) -> None:
        """Make the open transaction last; where that fails, nothing of it is written and the error is raised."""
        try:
            self.connection.execute("COMMIT")
        except FAULTS as error:
            with contextlib.suppress(*FAULTS):
                self._undo()
            raise self.failed(error, doing) from error
        finally:
            self.lock.release()

    def is_begun(self) -> bool:
        """Whether a transaction is open; SQLite itself ends one when it has no room or memory left."""
        return self.connection.in_transaction

    def rollback(self) -> None:
        """Write nothing of the open transaction."""
        try:
            with contextlib.suppress(*FAULTS):
                self._undo()
        finally:
            self.lock.release()

    @contextlib.contextmanager
    def writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """One transaction that is written whole or not at all; errors come out as StoreError."""
        self.begin(doing)
        try:
            yield self.connection
        except BaseException as error:
            self.rollback()
            if isinstance(error, FAULTS):
                raise self.failed(error, doing) from error
            raise
        self.commit(doing)

    def _undo(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def rows(self, question: str, values: Sequence[Any], doing: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; errors come out as StoreError."""
        with self.lock:
            try:
                try:
                    found = self.connection.execute(question, values).fetchall()
                except FAULTS:
                    if not self._was_overtaken():
                        raise
                else:
                    if not self._was_overtaken():
                        return found
                return self.connection.execute(question, values).fetchall()
            except FAULTS as error:
                raise self.failed(error, doing) from error

    def at_one_moment(self, read: Callable[[Callable[..., Any]], _Found], doing: str) -> _Found:
        """What `read` finds with an `execute` that sees one moment of the store, whatever others write meanwhile.

        Where somebody began to write while this read without locks, it is asked once more.
        """
        with self.lock:
            try:
                try:
                    found = self._read_apart(read)
                except Exception:
                    if not self._was_overtaken():
                        raise
                else:
                    if not self._was_overtaken():
                        return found
                return self._read_apart(read)
            except FAULTS as error:
                raise self.failed(error, doing) from error

    def _read_apart(self, read: Callable[[Callable[..., Any]], _Found]) -> _Found:
        with contextlib.closing(self.reader()) as connection:
            return read(connection.execute)

    def is_current(self) -> bool:
        """Whether every schema step was taken; a store that is only read keeps the steps it has."""
        return self.rows(_STEPS, (), "say how old it is") == [(len(schema.STEPS),)]

    def _was_overtaken(self) -> bool:
        """Whether somebody wrote while this read without locks, so that the answer may be wrong; then take locks."""
        if self._still is None or looks_of(self.file) == self._still:
            return False
        self.connection.close()
        self.connection = connect(self.file, timeout_s=READER_TIMEOUT_S, access="read")
        self._still = None
        return True

    def reader(self) -> sqlite3.Connection:
        """A second connection that sees one moment of the store, whatever others write; raises sqlite3.Error."""
        access: Access = "write" if not self.readonly else "read" if self._still is None else "still"
        connection = connect(self.file, timeout_s=READER_TIMEOUT_S, access=access)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        return connection

    def close(self) -> None:
        """Close the connection; the last one of all writes the journal back into the database."""
        with self.lock:
            try:
                self.connection.close()
            except FAULTS as error:
                raise self.failed(error, "close") from error


def open_database(file: Path, *, durability: Durability, timeout_s: float) -> Database:
    """Open a store for reading and writing; makes it, mode 0600, when nothing is there.

    Raises StoreTooNew, StoreDamaged, StoreError and ReadOnlyTarget.
    """
    try:
        make_if_absent(file)
    except PermissionError as error:
        raise ReadOnlyTarget(
            f"the store {file} cannot be made: {error.strerror}", hint=f"Allow writing to {file.parent}"
        ) from error
    except OSError as error:
        raise WriteFailed(
            f"the store {file} cannot be made: {error.strerror}", hint="Check the disk and open again"
        ) from error
    except FAULTS as error:
        raise failure(error, file, "be made") from error
    _require_whole(file)
    return _opened(file, durability, timeout_s, readonly=False)


def open_for_reading(file: Path, *, timeout_s: float) -> Database:
    """Open a store that is there and write nothing, not even beside it; raises as `open_database` does.

    A store without a journal was closed cleanly: it is read without locks, as it stands, until somebody begins to
    write. Beside a journal, SQLite's own locks are taken; the journal stays for the next who may write.
    """
    _require_whole(file)
    looks = looks_of(file)
    if not looks.has_journal:
        return _opened(file, "normal", timeout_s, readonly=True, still=looks)
    try:
        return _opened(file, "normal", timeout_s, readonly=True)
    except (StoreError, ReadOnlyTarget):
        journal = Path(f"{file}-wal")
        if os.access(file.parent, os.W_OK) or (journal.exists() and journal.stat().st_size > 0):
            raise
    return _opened(file, "normal", timeout_s, readonly=True, still=looks)


def _opened(
    file: Path, durability: Durability, timeout_s: float, *, readonly: bool, still: Looks | None = None
) -> Database:
    connection = None
    try:
        access: Access = "still" if still is not None else "read" if readonly else "write"
        connection = connect(file, timeout_s=timeout_s, access=access)
        _require_known(connection, file)
        if readonly:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_size_limit = 16777216")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        database = Database(file, connection, readonly=readonly, still=still)
        if not readonly and len(schema.applied(connection)) < len(schema.STEPS):
            with database.writing("take its new schema steps"):
                schema.advance(connection)
        connection = None
        return database
    except FAULTS as error:
        raise failure(error, file, "be opened") from error
    finally:
        if connection is not None:
            connection.close()


def _require_whole(file: Path) -> None:
    """Refuse what SQLite would take for an empty database."""
    try:
        with open(file, "rb") as opened:
            head = opened.read(len(_MAGIC))
    except PermissionError as error:
        raise ReadOnlyTarget(
            f"the store {file} may not be read", hint="Allow reading and writing it"
        ) from error
    except OSError as error:
        raise StoreError(f"the store {file} cannot be read: {error.strerror}", hint=START_OVER) from error
    if head != _MAGIC:
        what = "is empty" if not head else f"begins with {head!r}"
        raise StoreDamaged(f"the store {file} {what}, expected an SQLite database", hint=START_OVER)


def _require_known(connection: sqlite3.Connection, file: Path) -> None:
    """Refuse a database of somebody else, of a newer program, or of a step that was edited."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
        raise StoreDamaged(f"the database {file} is not a store of chatdoc", hint=START_OVER)
    steps = schema.applied(connection)
    ours = [(step.number, step.digest) for step in schema.STEPS]
    if len(steps) > len(ours):
        raise StoreTooNew(
            f"the store {file} has schema step {len(steps)}, this program knows {len(ours)}",
            hint="Use the newer version of chatdoc that wrote it",
        )
    if not steps or steps != ours[: len(steps)]:
        raise StoreDamaged(f"the store {file} has other schema steps than this program took", hint=START_OVER)
