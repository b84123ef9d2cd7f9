"""A document in memory that is read like any other: nothing is written, and every change raises why."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from chatdoc.crdt.first_update import genesis
from chatdoc.document import DIFF_BYTES, Document
from chatdoc.engine.adopt_file import Upgrade
from chatdoc.engine.engine import Engine
from chatdoc.engine.load import load
from chatdoc.engine.read_file import looks_published
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import ChatdocError, DiskFull
from chatdoc.model.ids import RandomSource
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import Registration
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.sqlite_errors import has_no_room
from migrate.report import MigrationReport


def migrated_to_read(
    path: Path, made: Upgrade, reason: ChatdocError, *, clock: Clock, random: RandomSource
) -> Document:
    """What a file would be migrated to."""
    registration = Registration(path=path.name, document_id=made.document_id, created_at_ms=clock())
    return _frozen(path, registration, [genesis(made.facts).update], reason, clock, random, made.report)


def stored_to_read(path: Path, error: ChatdocError) -> Document:
    """What the store of a file says, where the disk has no room to open it for writing; else raises the error.

    Peers get the items that are stored, so that what they have stays the same once it is open for writing.
    """
    if not has_no_room(error):
        raise error
    full = DiskFull(
        f"{path} can only be read while its disk is full",
        hint="Free space on the disk; it can be changed again then, without a restart",
    )
    stores = SqliteFolder(path.parent)
    found = stores.find(path, ())
    if found.place is None:
        raise error
    with contextlib.closing(stores.look(found.place)) as store:
        registration = store.registry.registration()
        if not looks_published(registration, path):
            raise error  # The file says more than the store, and is not taken in without writing.
        updates = list(load(store, random=os.urandom).session.diffs(None, DIFF_BYTES))
    return _frozen(path, registration, updates, full, system_clock, os.urandom, None)


def _frozen(
    path: Path,
    registration: Registration,
    updates: Iterable[bytes],
    reason: ChatdocError,
    clock: Clock,
    random: RandomSource,
    report: MigrationReport | None,
) -> Document:
    store = MemoryStore(registration)
    for update in updates:
        store.write(lambda unit, one=update: unit.append_update(one, "migration", recorded_at_ms=clock()))  # type: ignore[misc]
    engine = Engine(store, clock=clock, random=random)
    engine.freeze(reason)
    return Document(engine, report, path=path)
