"""A connection may write, only read, or read without leaving a trace, which is right while nobody writes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Literal, NamedTuple

from chatdoc.model.errors import StoreGone

Durability = Literal["full", "normal"]
"""`full`: what was acknowledged survives a power failure; `normal`: it survives the end of the process."""
TEMPORARY_CACHE_KB = 16_384
"""So much of a database without a name stays in memory."""
Care = Durability | Literal["asynchronous", "draft"]
"""`asynchronous`: as `full`, once somebody has waited for it (`wal_sync`). A `draft` is thrown away where it is not
finished, and forced to the disk once it is: until then nothing is."""
Access = Literal["write", "read", "still", "look"]
"""`look` tells the kind of journal, and has no locks for more than that.
`still` takes no locks and needs no journal: what it reads is right as long as the file looks the same."""

_SYNCHRONOUS: dict[Care, str] = {"full": "FULL", "normal": "NORMAL", "asynchronous": "NORMAL", "draft": "OFF"}
CHECKPOINT_PAGES = 4000
"""A command changes some 20 pages, most of them those of the last one: fewer checkpoints write each of them once."""
_MODES: dict[Access, str] = {
    "write": "mode=rw",
    "read": "mode=ro",
    "still": "mode=ro&immutable=1",
    "look": "mode=ro&nolock=1",
}


class Looks(NamedTuple):
    """How a database looks from outside; a writer changes it, if only by its journal."""

    inode: int
    size: int
    changed_ns: int
    has_journal: bool
    """Either kind: what is in a write-ahead journal is not in the file, and beside a rollback journal half of it is."""


def looks_of(file: Path) -> Looks:
    """How a database looks now; all zero where none is."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return Looks(0, 0, 0, False)
    has_journal = os.path.lexists(f"{file}-wal") or os.path.lexists(f"{file}-journal")
    return Looks(found.st_ino, found.st_size, found.st_mtime_ns, has_journal)


def inode_of(file: Path | str) -> tuple[int, int] | None:
    """Which file stands under a name, None where none is."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def require_same_file(file: Path | str, inode: tuple[int, int] | None) -> None:
    """Raise StoreGone when the file of a store is not the one that was opened."""
    if inode_of(file) != inode:
        raise StoreGone(
            f"the store {file} is not there any more, or another one is in its place; nothing was written",
            hint="Open the document again; what was acknowledged before is in the store that was moved away",
        )


def prepare(connection: sqlite3.Connection, *, care: Care, readonly: bool = False) -> bool:
    """Let a new connection keep a store's promises; whether it writes with a write-ahead journal.

    Closes it where it cannot, and raises sqlite3.Error.
    """
    try:
        if readonly:
            connection.execute("PRAGMA query_only = ON")
            return False
        connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[care]}")
        if care == "draft":
            connection.execute("PRAGMA journal_mode = MEMORY")
            return False
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # A rollback journal that comes back after a power failure would undo what was acknowledged, and half a
            # transaction in the file is damage: `NORMAL` and `FULL` promise less there.
            connection.execute("PRAGMA synchronous = EXTRA")
            return False
        connection.execute("PRAGMA journal_size_limit = 16777216")
        pages = CHECKPOINT_PAGES * (4 if care == "asynchronous" else 1)  # Before that, others do it.
        connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        return True
    except BaseException:
        connection.close()
        raise


def connect_temporary() -> sqlite3.Connection:
    """A database without a name, which ends with its connection; what is beyond a cache is in a temporary file."""
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = {-TEMPORARY_CACHE_KB}")
    return connection


def connect(file: Path, *, timeout_s: float, access: Access = "write") -> sqlite3.Connection:
    """A connection to a file that is there; raises sqlite3.Error.

    Text that is no UTF-8 comes back visibly wrong instead of raising.
    """
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?{_MODES[access]}",
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
