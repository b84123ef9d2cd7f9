"""What a store has: its documents, how large their logs are, and how far each migration went. Nothing is written."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from chatdoc.engine.adopt_file import digest
from chatdoc.engine.chat_file import read_bytes
from chatdoc.model.clock import iso
from chatdoc.store.sqlite.location import serving_folder
from chatdoc.store.sqlite.store import Store
from migrate.report import MigrationReport


class DocumentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a store; `file` says how its file stands to what was last published."""

    path: str
    document_id: str
    created_at: str
    updates: int
    file: str
    migrated_from: str | None = None
    phase: str | None = None
    backup: str | None = None


def status(folder: str | os.PathLike[str]) -> list[DocumentStatus]:
    """The documents of the store that serves a folder, by path; none where there is no store."""
    store = Store.look(serving_folder(Path(folder)))
    if store is None:
        return []
    with store:
        return [_status(store, one.path) for one in store.registrations()]


def _status(store: Store, name: str) -> DocumentStatus:
    registration = store.registration(name)
    assert registration is not None
    markers = store.markers(name)
    marker = markers[-1] if markers else None
    report = msgspec.json.decode(marker.report, type=MigrationReport) if marker is not None else None
    return DocumentStatus(
        path=name,
        document_id=registration.document_id,
        created_at=iso(registration.created_at_ms),
        updates=store.log(name).last_sequence(),
        file=_standing(store.folder / name, registration.text_digest),
        migrated_from=report.format if report is not None else None,
        phase=marker.phase if marker is not None else None,
        backup=marker.backup if marker is not None else None,
    )


def _standing(path: Path, published: str | None) -> str:
    if not path.exists():
        return "missing"
    if published is None:
        return "not yet published"
    return "as published" if digest(read_bytes(path)) == published else "changed from outside"
