"""A SQLite file with tables of two schemas: transactions that nest as savepoints, and errors that say what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chatdoc.model.errors import NotFound, StoreDamaged, StoreError
from chatdoc.store.plain_file import open_plain

_BUSY_MS = 5000
_FAULTS = (sqlite3.Error, UnicodeDecodeError)
_HINTS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreError,
        "Another program writes to it; try again, or end that program if it hangs",
    ),
    sqlite3.SQLITE_LOCKED: (
        StoreError,
        "Another program writes to it; try again, or end that program if it hangs",
    ),
    sqlite3.SQLITE_FULL: (StoreError, "Free space on the disk and try again"),
    sqlite3.SQLITE_READONLY: (StoreError, "Allow writing to the file and its folder"),
    sqlite3.SQLITE_PERM: (StoreError, "Allow writing to the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "Check that you may read and write the file and its folder"),
    sqlite3.SQLITE_CORRUPT: (StoreDamaged, "Take a copy of it from before"),
    sqlite3.SQLITE_NOTADB: (StoreDamaged, "Name a SQLite database"),
}


class SqliteFile:
    """One connection to one file; used by one thread at a time."""

    def __init__(self, path: Path, *, readonly: bool = False, create: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        if not create and not path.is_file():
            raise NotFound(f"there is no file {path}", hint="Check the name")
        mode = "ro" if readonly else ("rwc" if create else "rw")
        if readonly and _is_quiet_wal(path):
            mode = "ro&immutable=1"
        name = path.absolute().as_uri()
        try:
            self._connection = sqlite3.connect(f"{name}?mode={mode}", uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise _failure(error, path, "opened") from error
        try:
            self.ask(f"PRAGMA busy_timeout = {_BUSY_MS}")
            self.ask("PRAGMA foreign_keys = ON")
            self.ask("SELECT count(*) FROM sqlite_master")
        except BaseException:
            self._connection.close()
            raise

    def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows; raises StoreError."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except _FAULTS as error:
            raise _failure(error, self.path, "read or written") from error

    def insert(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one INSERT and return the id of its row."""
        try:
            made = self._connection.execute(statement, values).lastrowid
        except _FAULTS as error:
            raise _failure(error, self.path, "written") from error
        assert made is not None, "an INSERT has a row id"
        return made

    def has_table(self, name: str) -> bool:
        """Whether a table is there."""
        return bool(self.ask("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing of what is done within; a part within a part that raises is undone alone."""
        if self._connection.in_transaction:
            begin, keep, undo = "SAVEPOINT part", "RELEASE part", "ROLLBACK TO part"
        else:
            begin, keep, undo = "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"
        self.ask(begin)
        try:
            yield
        except BaseException:
            self._undo(undo)
            raise
        try:
            self.ask(keep)
        except StoreError:
            self._undo(undo)
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """What is read within is of one moment; within a write, of that."""
        if self._is_within():
            yield
            return
        self.ask("BEGIN")
        try:
            yield
        finally:
            if self._is_within():
                self.ask("COMMIT")

    def _is_within(self) -> bool:
        return self._connection.in_transaction

    def _undo(self, undo: str) -> None:
        # A full disk ends the whole transaction by itself.
        if self._connection.in_transaction:
            self.ask(undo)
            if undo == "ROLLBACK TO part":
                self.ask("RELEASE part")

    def require_transaction(self) -> None:
        """Raise StoreError where SQLite gave the open transaction up by itself."""
        if not self._connection.in_transaction:
            raise StoreError(
                f"{self.path}: the whole write was undone by SQLite",
                hint="Free space on the disk and try again",
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _is_quiet_wal(path: Path) -> bool:
    """Whether a file keeps a write-ahead log and none is there: reading it with locks would make files beside it."""
    with open_plain(path) as file:
        header = file.read(20)
    return header[18:19] == b"\x02" and not path.with_name(f"{path.name}-wal").exists()


def _failure(error: sqlite3.Error | UnicodeDecodeError, path: Path, done: str) -> StoreError:
    """The error to raise for one of SQLite's; statements are constants, so its text holds names and no values."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind, hint = _HINTS.get(code, (StoreError, "Check its tables with `chatdoc dual status`"))
    return kind(f"{path} could not be {done}: {error}", hint=hint)
