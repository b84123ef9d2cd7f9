"""Status of a folder: its documents, where their stores are, how large their logs, how far each migration went."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chatdoc.engine.adopt_file import digest
from chatdoc.engine.read_file import read_bytes
from chatdoc.model.clock import iso
from chatdoc.model.errors import ChatdocError, UnreadableFile
from chatdoc.store.chat_folders import folders_below, not_read
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sqlite.folder import SqliteFolder
from migrate.report import MigrationReport


class DocumentStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One store of a folder; `file` says how its document's file stands to what was last published.

    Of a store or a folder that cannot be read nothing but its name is known: `file` is `unreadable`, and `problem` says
    why.
    """

    path: str | None
    document_id: str | None
    store: str
    """The store's file, or the folder that cannot be read, from the folder that was asked about."""
    created_at: str | None
    updates: int | None
    file: str
    migrated_from: str | None = None
    phase: str | None = None
    backup: str | None = None
    problem: str | None = None


def status(folder: str | os.PathLike[str]) -> list[DocumentStatus]:
    """The stores of a folder and those below it, by path of their file; nothing is written."""
    real = Path(os.path.realpath(folder))
    closed: list[OSError] = []
    found = [one for place in folders_below(real, closed.append) for one in _of_folder(real, place)]
    found += [_unreadable(real, Path(os.fsdecode(one.filename)), not_read(one)) for one in closed]
    return sorted(found, key=lambda one: (one.path or "", one.store))


def _of_folder(asked: Path, folder: Path) -> Iterator[DocumentStatus]:
    stores = SqliteFolder(folder)
    try:
        places = stores.places()
    except ChatdocError as error:
        yield _unreadable(asked, stores.home, str(error))
        return
    for place in places:
        try:
            with stores.look(place) as store:
                said = store.registry.registration().path
                yield _status(asked, folder / said, place, store, served=stores.serves(said, place))
        except ChatdocError as error:
            yield _unreadable(asked, place, str(error))


def _unreadable(asked: Path, place: Path, problem: str) -> DocumentStatus:
    return DocumentStatus(
        path=None,
        document_id=None,
        store=place.relative_to(asked).as_posix(),
        created_at=None,
        updates=None,
        file="unreadable",
        problem=problem,
    )


def _status(asked: Path, path: Path, place: Path, store: SqlStore, *, served: bool) -> DocumentStatus:
    registration, markers = store.registry.registration(), store.registry.markers()
    marker = markers[-1] if markers else None
    report = msgspec.json.decode(marker.report, type=MigrationReport) if marker is not None else None
    if registration.retired_at_ms is not None:
        file = "rolled back" if store.lives_at() is None else "moved"
    else:
        file = _file(path, registration.text_digest) if served else "set aside"
    return DocumentStatus(
        path=path.relative_to(asked).as_posix(),
        document_id=registration.document_id,
        store=place.relative_to(asked).as_posix(),
        created_at=iso(registration.created_at_ms),
        updates=store.updates.last_sequence(),
        file=file,
        migrated_from=report.format if report is not None else None,
        phase=marker.phase if marker is not None else None,
        backup=marker.backup if marker is not None else None,
    )


def _file(path: Path, published: str | None) -> str:
    if not path.exists():
        return "missing"
    if published is None:
        return "not yet published"
    try:
        said = digest(read_bytes(path))
    except UnreadableFile:  # A folder is under its name, say.
        said = None
    return "as published" if said == published else "changed from outside"
