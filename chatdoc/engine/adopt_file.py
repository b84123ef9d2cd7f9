"""A file becomes a document once: backed up, migrated, verified, and committed in one transaction, or not at all.

Each step can be repeated: a crash before the commit leaves the file and a backup of it, a crash after it leaves a
document whose text the next opening publishes. The marker in the store tells which.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from chatdoc.crdt.first_update import genesis
from chatdoc.model.clock import Clock
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import DocumentId, Mint, RandomSource
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.backups import save
from chatdoc.store.sqlite.registration import Marker, Registration
from chatdoc.store.sqlite.store import Store
from invariants.full import check_all
from invariants.rule import Violation
from migrate import migrate
from migrate.report import MigrationReport
from migrate.v2.write import render

SCHEMA_VERSION = 2
NAME_BYTES_MAX = 180
"""So much of a file's name goes into that of its backup; file systems allow 255 bytes in all."""


class Adopted(NamedTuple):
    """A document just committed: its view, the clock its first update reached, and what the migration says."""

    view: View
    known: dict[int, int]
    report: MigrationReport | None
    broken: tuple[Violation, ...]


class Upgrade(NamedTuple):
    """A source upgraded in memory; `report` is None when its text is what it would be written as."""

    document_id: DocumentId
    facts: list[Fact]
    view: View
    text: bytes
    report: MigrationReport | None
    broken: tuple[Violation, ...]


def upgrade(source: bytes) -> Upgrade:
    """Migrate and verify a source, purely; raises UnreadableFile."""
    migration = migrate(source)
    view = View()
    _, facts = apply.apply(view, migration.facts, origin="migration")
    broken = tuple(one for one in check_all(view).values() if one.severity == "violation")
    text = render(view)
    report = None if text == source else migration.report
    return Upgrade(migration.document_id, facts, view, text, report, broken)


def adopt(store: Store, name: str, source: bytes, *, clock: Clock, random: RandomSource) -> Adopted:
    """Commit the document a file's bytes hold, the bytes themselves saved before.

    A migration that breaks a rule is not committed: what it gives names the rules, and the store stays as it was.
    Raises UnreadableFile, BackupDamaged, DocumentExists when another process was faster; the file is untouched.
    """
    if not source:
        return _begin_empty(store, name, clock, random)
    made = upgrade(source)
    if made.report is not None and made.broken:
        return Adopted(made.view, {}, made.report, made.broken)
    first = genesis(made.facts)
    marker = None
    if made.report is not None:
        marker = _backed_up(store, name, source, made, clock)
        store.put_marker(marker, recorded_at_ms=clock())
        marker = msgspec.structs.replace(marker, phase="committed")
    registration = Registration(
        path=name,
        document_id=made.document_id,
        created_at_ms=clock(),
        text_digest=None if made.report is not None else digest(source),
    )
    store.begin_document(
        registration, first.update, origin="migration", recorded_at_ms=clock(), marker=marker
    )
    return Adopted(made.view, {first.client_id: first.length}, made.report, ())


def digest(data: bytes) -> str:
    """The SHA-256 of bytes, in hex."""
    return sha256(data).hexdigest()


def backup_name(name: str, source_digest: str) -> str:
    """The file name of a backup: the file's own, and the beginning of the digest of what it held."""
    own = Path(name).name.encode("utf-8", "surrogateescape")[:NAME_BYTES_MAX].decode("utf-8", "ignore")
    return f"{own}.{source_digest[:16]}"


def steps_digest(report: MigrationReport) -> str:
    """Tells a migration by other steps from this one."""
    return digest("\n".join(report.steps).encode())


def _backed_up(store: Store, name: str, source: bytes, made: Upgrade, clock: Clock) -> Marker:
    assert made.report is not None
    source_digest = digest(source)
    backup = save(source, store.backups, backup_name(name, source_digest), source_digest)
    return Marker(
        path=name,
        source_digest=source_digest,
        steps_digest=steps_digest(made.report),
        phase="backed_up",
        backup=backup.name,
        report=made.report.to_json(),
        text_digest=digest(made.text),
    )


def _begin_empty(store: Store, name: str, clock: Clock, random: RandomSource) -> Adopted:
    document_id = DocumentId(Mint(clock, random).mint())
    facts = [
        DocumentFact(field="document_id", value=document_id),
        DocumentFact(field="schema_version", value=SCHEMA_VERSION),
    ]
    view = View()
    apply.apply(view, facts, origin="migration")
    first = genesis(facts)
    registration = Registration(
        path=name, document_id=document_id, created_at_ms=clock(), text_digest=digest(b"")
    )
    store.begin_document(registration, first.update, origin="migration", recorded_at_ms=clock())
    return Adopted(view, {first.client_id: first.length}, None, ())
