"""A connection may write, only read, or read without leaving a trace, which is right while nobody writes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Literal, NamedTuple

Access = Literal["write", "read", "still"]
"""`still` takes no locks and needs no journal: what it reads is right as long as the file looks the same."""

_MODES: dict[Access, str] = {"write": "mode=rw", "read": "mode=ro", "still": "mode=ro&immutable=1"}


class Looks(NamedTuple):
    """How a database looks from outside; a writer changes it, if only by its journal."""

    inode: int
    size: int
    changed_ns: int
    has_journal: bool


def looks_of(file: Path) -> Looks:
    """How a database looks now; all zero where none is."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return Looks(0, 0, 0, False)
    return Looks(found.st_ino, found.st_size, found.st_mtime_ns, os.path.lexists(f"{file}-wal"))


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
