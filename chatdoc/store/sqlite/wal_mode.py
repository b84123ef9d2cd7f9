"""Journal mode: a write-ahead journal on a disk of this machine, a rollback journal where other machines may write too.

SQLite's write-ahead journal has an index in memory that all who use the file map from one place: on a network that is
another memory on each machine, and many file systems in programs map none. A rollback journal needs locks alone. Which
of the two a store has stands in its file, so one that was copied there is changed over when it is opened to write.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from chatdoc.store.sqlite.connection import connect

_PAGES = "SELECT count(*) FROM sqlite_master"


def maps_no_memory(error: BaseException | None) -> bool:
    """Whether SQLite failed because the file system lets no memory be shared over a file."""
    return getattr(error, "sqlite_errorcode", 0) in (
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMOPEN,
    )


def needs_rollback(error: BaseException | None) -> bool:
    """Whether SQLite failed because a process was killed in the midst of a commit, which only a writer can undo."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK


def has_rollback(file: Path) -> bool:
    """Whether a store at rest has a rollback journal, or something else is to be seen; no lock is taken, no file made.

    Without locks SQLite cannot have the memory that is shared over a write-ahead journal.
    """
    try:
        with contextlib.closing(connect(file, timeout_s=0.0, access="look")) as connection:
            connection.execute(_PAGES).fetchone()
    except sqlite3.Error as error:
        return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN
    return True


def take_wal(file: Path, *, timeout_s: float) -> bool:
    """Let a store have a write-ahead journal.

    False where others have it open, or the file system cannot have one. Raises sqlite3.Error.
    """
    with contextlib.closing(connect(file, timeout_s=timeout_s)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_PAGES).fetchone()
            return True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            if not maps_no_memory(error):
                raise
    take_rollback(file, timeout_s=timeout_s)
    return False


def take_rollback(file: Path, *, timeout_s: float) -> bool:
    """Let a store have a rollback journal; what stands in a write-ahead journal is written back first.

    False where others have a write-ahead journal open. Raises sqlite3.Error.
    """
    with contextlib.closing(connect(file, timeout_s=timeout_s)) as connection:
        # Who has the file alone needs no memory that is shared, not even to leave the write-ahead journal.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try:
            return bool(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
