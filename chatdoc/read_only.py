"""A document in memory that is read like any other: nothing is written, and every change raises why."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from chatdoc.crdt.first_update import genesis
from chatdoc.document import DIFF_BYTES, Document
from chatdoc.engine.adopt_file import Upgrade, digest, upgrade
from chatdoc.engine.engine import Engine
from chatdoc.engine.load import load
from chatdoc.engine.read_file import looks_published, read_bytes
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import ChatdocError, DiskFull, ReadOnlyTarget
from chatdoc.model.ids import RandomSource
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import Registration
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.sqlite_errors import has_no_room
from migrate.report import MigrationReport
from migrate.v2.merge_external import document_ids


def migrated_to_read(
    path: Path, made: Upgrade, reason: ChatdocError, *, clock: Clock, random: RandomSource
) -> Document:
    """What a file would be migrated to."""
    registration = Registration(path=path.name, document_id=made.document_id, created_at_ms=clock())
    return _frozen(path, registration, [genesis(made.facts).update], reason, clock, random, made.report)


def opened_to_read(path: Path, error: ChatdocError) -> Document:
    """What a file says that cannot be opened to be written, its disk being full or nobody allowed to; else the error.

    Of a document with a store that is what the store says, so that the items which peers get stay the same once it
    can be written. A file that says more than its store is not taken in without writing: the error again.
    """
    reason = _why(path, error)
    stores = SqliteFolder(path.parent)
    found = stores.find(path, ())
    source = None
    if found.place is None and isinstance(reason, ReadOnlyTarget):
        source = read_bytes(path)
        found = stores.find(path, document_ids(source))
    if found.place is None:
        if not source:
            raise error
        return migrated_to_read(path, upgrade(source), reason, clock=system_clock, random=os.urandom)
    with contextlib.closing(stores.look(found.place)) as store:
        registration = store.registry.registration()
        if not looks_published(registration, path) and digest(read_bytes(path)) != registration.text_digest:
            raise error
        updates = list(load(store, random=os.urandom).session.diffs(None, DIFF_BYTES))
    return _frozen(path, registration, updates, reason, system_clock, os.urandom, None)


def _why(path: Path, error: ChatdocError) -> ChatdocError:
    if has_no_room(error):
        return DiskFull(
            f"{path} can only be read while its disk is full",
            hint="Free space on the disk; it can be changed again then, without a restart",
        )
    if isinstance(error, ReadOnlyTarget):
        return ReadOnlyTarget(
            f"{path}, its folder or its store may not be written",
            hint="Allow writing; a server finds that out by itself",
        )
    raise error


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
