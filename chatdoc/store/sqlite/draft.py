"""Atomic creation: a store is built whole under a name of its own, forced to the disk, and then linked into place.

So a file that is empty or cut off under a store's name is damage, and is never taken for a new store.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from chatdoc.store import row_digests
from chatdoc.store.atomic_file import sync_folder
from chatdoc.store.file_lock import lock_file, try_lock
from chatdoc.store.file_system import may_be_shared
from chatdoc.store.ports import Marker, Registration
from chatdoc.store.sql import registry, update_log
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.connection import connect, prepare
from chatdoc.store.sqlite.own_files import JOURNALS
from chatdoc.store.sqlite.wal_mode import take_rollback, take_wal

PAGE_BYTES = 4096
"""Measured: appends cost 25 µs with it, 27 with 8 KiB, 35 with 16 KiB; 42 MB of rows read in 35, 33, 31 ms."""
FILE_MODE = 0o600
PREFIX = ".new-"
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NFS locks only what is open to be written.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_ENDS = ("", *JOURNALS)
_HAS_GENESIS = "UPDATE document SET floor = 1"


@contextlib.contextmanager
def draft_file(folder: Path) -> Iterator[Path]:
    """An empty file under a name that nobody else has, gone afterwards; those that killed makers left go first."""
    _clear(folder)
    draft, file = _claim(folder)
    try:
        yield draft
    finally:
        for end in _ENDS:
            Path(f"{draft}{end}").unlink(missing_ok=True)
        os.close(file)


def build(
    draft: Path,
    registration: Registration,
    genesis: bytes,
    *,
    origin: str,
    recorded_at_ms: int,
    marker: Marker | None,
) -> None:
    """Make an empty file a store with its document's first update; raises OSError and sqlite3.Error."""
    with contextlib.closing(connect(draft, timeout_s=0.0)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        prepare(connection, care="draft")
        connection.execute("BEGIN IMMEDIATE")
        begin(connection, registration)
        document = registration.document_id.encode("utf-8", "surrogatepass")
        connection.execute(update_log.INSERT, update_log.row_of(document, 1, origin, recorded_at_ms, genesis))
        connection.execute(_HAS_GENESIS)
        if marker is not None:
            connection.execute(registry.PUT_MARKER, registry.marker_values(marker, recorded_at_ms))
            row_digests.put(connection.execute, "markers")
        connection.execute("COMMIT")


def finish(draft: Path) -> None:
    """Let a draft be written to as a store is from now on, and force it to the disk; raises as `build` does."""
    if may_be_shared(draft):
        take_rollback(draft, timeout_s=0.0)
    else:
        take_wal(draft, timeout_s=0.0)
    _sync(draft)


def begin(connection: sqlite3.Connection, registration: Registration) -> None:
    """Make an empty database the store of a document that has no update yet; inside a transaction."""
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    connection.execute(registry.BEGIN, registry.registration_values(registration))
    row_digests.put_all(connection.execute)


def put_in_place(draft: Path, place: Path) -> bool:
    """Give a finished file its name, durably; false, and nothing changed, where that name is taken."""
    if any(os.path.lexists(f"{place}{end}") for end in _ENDS):
        return False  # A journal without its store may hold what was acknowledged.
    try:
        os.link(draft, place)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links has no way to take a free name only; two makers meet there once in a lifetime.
        os.rename(draft, place)
    sync_folder(place.parent)
    return True


def _claim(folder: Path) -> tuple[Path, int]:
    for number in count():
        draft = folder / f"{PREFIX}{os.getpid()}-{number}"
        try:
            file = os.open(draft, _NEW, FILE_MODE)
        except FileExistsError:
            continue
        try:
            # Between making and locking it, another maker may have taken it for a dead one's and removed it.
            lock_file(file, draft)
            if os.path.samestat(os.fstat(file), os.lstat(draft)):
                return draft, file
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(file)
            raise
        os.close(file)
    raise AssertionError("counting does not end")


def _clear(folder: Path) -> None:
    """Remove what makers left that were killed: nobody holds its lock."""
    drafts = {name.split("-journal")[0].split("-wal")[0].split("-shm")[0] for name in os.listdir(folder)}
    for draft in sorted(folder / name for name in drafts if name.startswith(PREFIX)):
        try:
            file = os.open(draft, _OLD)
        except OSError:
            continue
        try:
            if not try_lock(file):
                continue
            for end in _ENDS:
                Path(f"{draft}{end}").unlink(missing_ok=True)
        finally:
            os.close(file)


def _sync(file: Path) -> None:
    written = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(written)
    finally:
        os.close(written)
