"""Opening: a store is used only if it is whole, ours, and of this program's schema or an older one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from chatdoc.model.clock import system_clock
from chatdoc.model.errors import ReadOnlyTarget, StoreDamaged, StoreError, StoreTooNew
from chatdoc.store import row_digests
from chatdoc.store.file_system import may_be_shared
from chatdoc.store.projections.progress import TABLES
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sqlite import schema
from chatdoc.store.sqlite.connection import Durability, Looks, looks_of
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.own_files import require_own_store
from chatdoc.store.sqlite.schema_steps import projections
from chatdoc.store.sqlite.sqlite_errors import FAULTS, START_OVER, failure, has_no_room, named
from chatdoc.store.sqlite.wal_mode import (
    has_rollback,
    maps_no_memory,
    needs_rollback,
    take_rollback,
    take_wal,
)

JOURNAL_WAIT_S = 2.0
"""So long others are waited for that have a store open with the other kind of journal."""
LOOKS = 3
"""So often a size and a number of pages that do not fit are asked for."""
TICK_MS, COARSE_TICK_MS = 20, 3000
"""Longer than a tick of the clock that dates files, of most disks and of those that count whole seconds, or two."""
_NAMES = "SELECT name FROM sqlite_master"
_FORGET = "DELETE FROM projection_state"


def open_to_write(file: Path, *, durability: Durability, timeout_s: float) -> Database:
    """Open a store and bring its tables up to date; raises StoreTooNew, StoreDamaged, StoreError, ReadOnlyTarget."""
    _require_there(file)
    if not os.access(file, os.W_OK):
        raise ReadOnlyTarget(f"the store {file} may not be written", hint=f"Allow it: chmod u+w {file}")
    database = _with_right_journal(file, durability=durability, timeout_s=timeout_s)
    try:
        if len(database.ask(schema.applied, "look up its schema")) < len(schema.STEPS):
            database.change(lambda execute, _: _advance(execute), "take its new schema steps")
        if lost_tables(database):
            database.change(_make_lost_tables, "make its lost tables again")
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(file: Path, *, timeout_s: float) -> Database:
    """Open a store and write nothing, not even beside it; raises as `open_to_write` does.

    A store without a journal was closed cleanly: it is read without locks, as it stands, until somebody begins to
    write. Beside a journal, SQLite's own locks are taken; the journal stays for the next who may write. And they are
    taken where other machines may write, for what a file looks like is known there some seconds later.
    """
    _require_there(file)
    looks = looks_of(file)
    if not looks.has_journal and not _may_change_unseen(file, looks) and not may_be_shared(file):
        return _opened(file, timeout_s=timeout_s, readonly=True, still=looks)
    try:
        return _opened(file, timeout_s=timeout_s, readonly=True)
    except (StoreError, ReadOnlyTarget) as error:
        is_blind = maps_no_memory(error.__cause__)
        if (needs_rollback(error.__cause__) or (is_blind and _has_frames(file))) and os.access(file, os.W_OK):
            # A killed process left half a commit, or what nobody can read on this disk: that is settled first.
            _change_over(file, timeout_s)
            return _opened(file, timeout_s=timeout_s, readonly=True)
        # Who could not open it on a full disk to write left a journal that is empty.
        is_blind = is_blind or has_no_room(error)
        if _has_frames(file) or not (is_blind or not os.access(file.parent, os.W_OK)):
            raise
    return _opened(file, timeout_s=timeout_s, readonly=True, still=looks)


def _may_change_unseen(file: Path, looks: Looks) -> bool:
    """Whether another write may leave a file's looks as they are, which was written within this tick of its disk.

    Beside a write-ahead journal that is seen by the journal; a rollback journal comes and goes with each commit.
    """
    tick_ms = TICK_MS if looks.changed_ns % 1_000_000_000 else COARSE_TICK_MS
    if not 0 <= system_clock() - looks.changed_ns // 1_000_000 < tick_ms:
        return False
    return has_rollback(file)


def give_wal(file: Path) -> None:
    """Let a store that came back from a shared disk have a write-ahead journal again; raises StoreError.

    Who asks for it knows that no other machine uses the disk: one that rests in a rollback journal holds no lock.
    """
    if may_be_shared(file):
        raise StoreError(
            f"the store {file} lies on a disk that other machines may use, so it keeps its rollback journal",
            hint="Copy the folder to a disk of this machine first",
        )
    with named(file, "get a write-ahead journal"):
        if not take_wal(file, timeout_s=JOURNAL_WAIT_S):
            raise StoreError(
                f"the store {file} is in use, so it keeps its rollback journal",
                hint="Close the document everywhere and try again",
            )


def _advance(execute: Execute) -> None:
    had_digests = "row_digests" in {name for (name,) in execute(_NAMES)}
    schema.advance(execute)
    if not had_digests:
        row_digests.put_all(execute)


def lost_tables(database: Database) -> set[str]:
    """The folded tables that are not there, because somebody dropped them from outside."""
    return set(TABLES) - database.catalog.names()


def _make_lost_tables(execute: Execute, _: ExecuteMany) -> None:
    """Make every folded table and index that is not there, and let all rows be folded anew at the next event."""
    names = {name for (name,) in execute(_NAMES)}
    for statement in projections.STATEMENTS:
        if schema.made_by(statement) not in names:
            execute(statement)
    execute(_FORGET)


def _with_right_journal(file: Path, *, durability: Durability, timeout_s: float) -> Database:
    """A store opened to write, with a rollback journal where it needs one.

    One that has that already keeps it on a local disk too: another machine that is given this disk may have it open,
    with no lock while it rests, and would follow into a write-ahead journal unasked.
    """

    def opened() -> Database:
        return _opened(file, durability=durability, timeout_s=timeout_s)

    if may_be_shared(file):
        _change_over(file, timeout_s)
    try:
        return opened()
    except StoreError as error:
        if not maps_no_memory(error.__cause__):
            raise
        _change_over(file, timeout_s)
        return opened()


def _change_over(file: Path, timeout_s: float) -> None:
    """Let a store have a rollback journal; raises StoreError where others use another kind at this moment."""
    with named(file, "get a rollback journal"):
        if not take_rollback(file, timeout_s=min(timeout_s, JOURNAL_WAIT_S)):
            raise StoreError(
                f"the store {file} is open with another kind of journal, expected none but a rollback journal on "
                "a disk that several machines may use",
                hint="Close the document on the machine that has the disk, then open it here",
            )


def _opened(
    file: Path,
    *,
    timeout_s: float,
    durability: Durability = "normal",
    readonly: bool = False,
    still: Looks | None = None,
) -> Database:
    try:
        database = Database(file, durability=durability, timeout_s=timeout_s, readonly=readonly, still=still)
    except FAULTS as error:
        raise failure(error, str(file), "be opened") from error
    try:
        database.ask(lambda execute: _require_known(execute, file), "be opened")
    except BaseException:
        database.close()
        raise
    return database


def _require_there(file: Path) -> None:
    """Refuse what is no file of ours, and what SQLite would take for an empty database.

    The file is not opened here: closing it would let go of the locks that another connection of this process has.
    """
    if not require_own_store(file):
        raise StoreError(f"the store {file} is not there", hint=START_OVER)
    if os.stat(file).st_size == 0:
        raise StoreDamaged(f"the store {file} is empty, expected an SQLite database", hint=START_OVER)
    if not os.access(file, os.R_OK):
        raise ReadOnlyTarget(f"the store {file} may not be read", hint="Allow reading and writing it")


def _require_whole(execute: Execute, file: Path) -> None:
    """Refuse a database that ends before its last page; SQLite notices that only when it reads there.

    It is looked at again before it is refused: another process may be giving space back at this moment.
    """
    for _ in range(LOOKS):
        pages, page = execute("PRAGMA page_count").fetchone()[0], execute("PRAGMA page_size").fetchone()[0]
        size = os.stat(file).st_size
        if size >= pages * page or _has_frames(file):
            return
    raise StoreDamaged(
        f"the store {file} is cut off: it has {size} bytes, expected {pages * page}", hint=START_OVER
    )


def _has_frames(file: Path) -> bool:
    """Whether there is a journal with what the file itself may not have yet, or has only half of."""
    for end in ("-wal", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            if os.stat(f"{file}{end}").st_size > 0:
                return True
    return False


def _require_known(execute: Execute, file: Path) -> None:
    """Refuse a database of somebody else, of a newer program, or of a step that was edited."""
    if execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
        raise StoreDamaged(f"the database {file} is not a store of chatdoc", hint=START_OVER)
    _require_whole(execute, file)
    steps = schema.applied(execute)
    ours = [(step.number, step.digest) for step in schema.STEPS]
    if len(steps) > len(ours):
        raise StoreTooNew(
            f"the store {file} has schema step {len(steps)}, this program knows {len(ours)}",
            hint="Use the newer version of chatdoc that wrote it",
        )
    if not steps or steps != ours[: len(steps)]:
        raise StoreDamaged(f"the store {file} has other schema steps than this program took", hint=START_OVER)
