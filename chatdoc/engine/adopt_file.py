"""Genesis of a document from a file: backed up, migrated, verified, and made a store in one step, or not at all.

Each step can be repeated: a crash before the store is there leaves the file and a backup of it, a crash after it leaves
a document whose text the next opening publishes. The marker in the store tells which.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypedDict

from chatdoc.crdt.first_update import genesis, session_client
from chatdoc.engine.overlapped import Overlapped
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.clock import Clock
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import DocumentId, Mint, RandomSource
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.backups import backup_name, save
from chatdoc.store.ports import DocumentStore, Marker, Registration, Stores
from invariants.full import check_all
from invariants.rule import Violation
from migrate import migrate
from migrate.report import MigrationReport
from migrate.v2.write import render

SCHEMA_VERSION = 2


class Upgrade(NamedTuple):
    """A source upgraded in memory; `report` is None when its text is what it would be written as."""

    document_id: DocumentId
    facts: list[Fact]
    view: View
    text: bytes
    report: MigrationReport | None
    broken: tuple[Violation, ...]


class Adopted(NamedTuple):
    """A document whose store was just made, and what memory holds of it."""

    store: DocumentStore
    copy: WorkingCopy


def upgrade(source: bytes) -> Upgrade:
    """Migrate and verify a source, purely; raises UnreadableFile."""
    migration = migrate(source)
    view = View()
    _, facts = apply.apply(view, migration.facts, origin="migration")
    broken = tuple(one for one in check_all(view).values() if one.severity == "violation")
    text = render(view)
    report = None if text == source else migration.report
    return Upgrade(migration.document_id, facts, view, text, report, broken)


def begin(clock: Clock, random: RandomSource) -> Upgrade:
    """A new document without anything in it."""
    document_id = DocumentId(Mint(clock, random).mint())
    facts: list[Fact] = [
        DocumentFact(field="document_id", value=document_id),
        DocumentFact(field="schema_version", value=SCHEMA_VERSION),
    ]
    view = View()
    apply.apply(view, facts, origin="migration")
    return Upgrade(document_id, facts, view, b"", None, ())


def first_update_of(made: Upgrade) -> bytes:
    """The update that a store of it begins with."""
    return genesis(made.facts).update


class FirstEntry(TypedDict):
    """What a store begins with, as `create` takes it."""

    genesis: bytes
    origin: str


def first_entry(store: DocumentStore) -> FirstEntry:
    """What another store of the same document begins with."""
    entry = next(iter(store.updates.entries()))
    return FirstEntry(genesis=entry.update, origin=entry.origin)


def adopt(
    stores: Stores,
    path: Path,
    source: bytes,
    made: Upgrade,
    *,
    clock: Clock,
    random: RandomSource,
) -> Adopted:
    """Make the store of the document a file's bytes hold, the bytes themselves saved before when they will be replaced.

    Raises BackupDamaged, and DocumentExists when another process was faster; the file is untouched.
    """
    recorded_at_ms = clock()
    marker = Overlapped(lambda: _marker(source, stores.backups, path, made), size_bytes=len(source))
    first = genesis(made.facts)
    known = {first.client_id: first.length}
    client_id = session_client(random, known)
    registration = Registration(
        path=path.name,
        document_id=made.document_id,
        created_at_ms=recorded_at_ms,
        text_digest=None if made.report is not None else digest(source),
    )
    store = stores.create(
        path,
        registration,
        first.update,
        origin="migration",
        recorded_at_ms=recorded_at_ms,
        marker=marker.result(),
    )
    copy = WorkingCopy(made.view, store, random=random, known=known, sequence=1, client_id=client_id)
    copy.items_in_snapshot = 0
    return Adopted(store, copy)


def _marker(source: bytes, backups: Path, path: Path, made: Upgrade) -> Marker | None:
    """The marker of a migration, whose source is saved now; None where the text stays as it is."""
    if made.report is None:
        return None
    source_digest = made.report.source_digest
    return Marker(
        source_digest=source_digest,
        steps_digest=steps_digest(made.report),
        phase="committed",
        backup=save(source, backups, backup_name(path, source_digest), source_digest).name,
        report=made.report.to_json(),
        text_digest=digest(made.text),
    )


def digest(data: bytes) -> str:
    """The SHA-256 of bytes, in hex."""
    return sha256(data).hexdigest()


def steps_digest(report: MigrationReport) -> str:
    """Tells a migration by other steps from this one."""
    return digest("\n".join(report.steps).encode())
