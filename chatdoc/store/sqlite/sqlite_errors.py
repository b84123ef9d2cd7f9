"""Whatever SQLite reports, the reader learns which file it is about, what became of it, and what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from chatdoc.model.errors import ChatdocError, ReadOnlyTarget, StoreDamaged, StoreError, WriteFailed
from chatdoc.model.system_errors import advice
from chatdoc.store.lock_holder import described

START_OVER = (
    "Keep a copy of the whole .chatdoc folder; with it moved away, each document opens from its .chat file"
)


Fault = sqlite3.Error | UnicodeDecodeError
"""What the module raises; the second one when a damaged name stands in the text of the first."""
FAULTS = (sqlite3.Error, UnicodeDecodeError)
_FILES_AT_ONCE = 4
"""A database, its journal, the index of that, and its folder."""


# Every statement is a constant, so «no such table» says that a table was lost.
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA)


def result_code(error: Fault) -> int:
    """SQLite's primary result code, 0 for an error that Python's own module raised."""
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def failure(error: Fault, name: str, doing: str, *, holder: int | None = None) -> ChatdocError:
    """The error to raise for one of SQLite's; `doing` is what was attempted («append an update»).

    `holder` is the process that is waited for, where that is known.
    """
    code = result_code(error)
    text = f"the store {name} could not {doing}: {error}"
    if code in _DAMAGE:
        return StoreDamaged(text, hint=START_OVER)
    if is_busy(error):
        who = described(holder)
        return StoreError(
            text,
            hint=f"{who[0].upper()}{who[1:]} is writing to it; try again, or end that process if it hangs",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return ReadOnlyTarget(text, hint="Allow writing to the file and its folder")
    if code == sqlite3.SQLITE_CANTOPEN:
        otherwise = "Check that the file is there and that you may read and write its folder"
        return StoreError(text, hint=_advice_now(otherwise))
    if code == sqlite3.SQLITE_FULL:
        return StoreError(text, hint="Free space on the disk; nothing acknowledged was lost")
    if code == sqlite3.SQLITE_IOERR:
        otherwise = "Look whether the disk is full, or fails; nothing acknowledged was lost"
        return StoreError(text, hint=_advice_now(otherwise))
    if code == sqlite3.SQLITE_TOOBIG or isinstance(error, sqlite3.DataError):
        return StoreError(text, hint="One value may have at most 1,000,000,000 bytes")
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreError(text, hint="It was closed; open the document again")
    return StoreError(text, hint="Open the document again")


def is_busy(error: Fault) -> bool:
    """Whether somebody else held a lock for longer than was waited."""
    return result_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def unreadable(error: Exception, name: str, doing: str) -> StoreDamaged:
    """The error for a row whose values are not of the kind that was stored; their content stands in no error."""
    return StoreDamaged(
        f"the store {name} could not {doing}: a row is not what was stored ({type(error).__name__})",
        hint="Rebuild the projections (`chatdoc projections rebuild`); if that does not help: " + START_OVER,
    )


def has_no_room(error: BaseException | None) -> bool:
    """Whether an error comes of a full disk, as SQLite or the system said it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
            return True
        error = error.__cause__
    return False


def breaks_trust(error: Fault) -> bool:
    """Whether the connection may not be used for writing after this error.

    When an fsync failed, the system may have forgotten which bytes are not on the disk, and the next one succeeds.
    """
    return result_code(error) in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, *_DAMAGE)


def _advice_now(otherwise: str) -> str:
    """What to do where SQLite could not open something, and does not say why: it may have had too few files for it."""
    opened: list[int] = []
    try:
        while len(opened) < _FILES_AT_ONCE:
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return advice(error, otherwise)
    finally:
        for one in opened:
            os.close(one)
    return otherwise


@contextlib.contextmanager
def named(place: Path, what: str) -> Iterator[None]:
    """Errors of the system and of SQLite come out as ours; `what` is what a place was to («be made»)."""
    try:
        yield
    except PermissionError as error:
        allowing = f"reading {place}" if what == "be read" else f"writing to {place.parent}"
        raise ReadOnlyTarget(
            f"the store {place} cannot {what}: {error.strerror}", hint=f"Allow {allowing}"
        ) from error
    except OSError as error:
        raise WriteFailed(
            f"the store {place} cannot {what}: {error.strerror}",
            hint=advice(error, "Check the disk and open again"),
        ) from error
    except FAULTS as error:
        raise failure(error, str(place), what) from error
