"""Folder of chat files whose stores are in a PostgreSQL database: each file is a mirror of the document it names.

A document's name in the database is the name of its file behind a prefix, that of the folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import DocumentExists, StoreError
from chatdoc.store.ports import DocumentStore, Found, Marker, Registration, UnitOfWork
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.store.postgres.store import PostgresStore
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.own_files import make_folder
from chatdoc.store.sqlite.store_finder import has_left
from chatdoc.store.values import StoredDocument

NAME = ".chatdoc"


class PostgresFolder:
    """The stores of the documents of one folder; see the port `Stores`. A place is a document's key."""

    def __init__(self, folder: Path, url: str, *, prefix: str = "", clock: Clock = system_clock) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.home = self.folder / NAME
        self.backups = self.home / "backups"
        self._documents = PostgresDocuments(url, clock=clock)
        self._prefix = prefix

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        """See the port."""
        name = self._name_of(path)
        known = [
            one
            for document_id in dict.fromkeys(document_ids)
            for one in self._documents.of_id(document_id)
            if not one.is_retired and one.name.startswith(self._prefix)
        ]
        serving = self._documents.named(self._prefix + name)
        if serving is not None:
            is_same = not document_ids or serving.document_id in document_ids
            place = Path(serving.key)
            return Found("registered", place) if is_same else Found("replaced", None, place)
        self._documents.require_here(self._prefix + name)
        left = [one.key for one in known if self._has_left(one)]
        if left:
            return Found("moved", Path(left[-1]))
        return Found("copied", None, Path(known[0].key)) if known else Found("new", None)

    def create(
        self,
        path: Path,
        registration: Registration,
        genesis: bytes,
        *,
        origin: str,
        recorded_at_ms: int,
        marker: Marker | None = None,
    ) -> PostgresStore:
        """See the port."""
        assert registration.path == self._name_of(path), "a store is made for the file whose name it records"
        for folder in (self.home, self.backups):
            make_folder(folder)
        key = self._documents.create(
            registration,
            genesis,
            origin=origin,
            recorded_at_ms=recorded_at_ms,
            marker=marker,
            prefix=self._prefix,
        )
        return self.open(Path(key))

    def open(self, place: Path) -> PostgresStore:
        """See the port."""
        return self._documents.open(str(place), location=place)

    def look(self, place: Path) -> PostgresStore:
        """See the port."""
        return self._documents.open(str(place), location=place, readonly=True)

    def follow_move(self, store: DocumentStore, path: Path) -> None:
        """See the port."""
        name = self._name_of(path)
        before = store.registry.registration().path
        serving = self._documents.named(self._prefix + name)
        if serving is not None and Path(serving.key) != store.location:
            raise self._exists(name)

        def move(unit: UnitOfWork) -> bool:
            now = store.registry.registration()
            if now.path not in (
                before,
                name,
            ):  # Two copies of a moved file are opened at once; one gets the store.
                return False
            unit.put_registration(msgspec.structs.replace(now, path=name, retired_at_ms=None, released=False))
            return True

        if not store.write(move):
            raise self._exists(name)

    def release(self, store: DocumentStore, path: Path) -> None:
        """See the port."""
        name = self._name_of(path)

        def let_go(unit: UnitOfWork) -> None:
            now = store.registry.registration()
            if now.path == name:
                unit.put_registration(msgspec.structs.replace(now, released=True))

        store.write(let_go)

    def places(self) -> list[Path]:
        """See the port."""
        return [Path(one.key) for one in self._documents.all() if one.name.startswith(self._prefix)]

    def forget(self, place: Path, *, dry_run: bool = True) -> list[Path]:
        """See the port; the files are its backups, the store itself is rows."""
        backups = self._backups_of(place)
        for other in self.places():
            if backups and other != place:
                backups -= self._backups_of(other)
        files = [self.backups / name for name in sorted(backups) if os.path.basename(name) == name]
        files = [file for file in files if os.path.lexists(file)]
        if not dry_run:
            self._documents.forget(str(place))
            for file in files:
                file.unlink(missing_ok=True)
        return files

    def close(self) -> None:
        """Let go of the database; documents that are open stay so."""
        self._documents.close()

    def __del__(self) -> None:
        if hasattr(self, "_documents"):
            self.close()

    def _backups_of(self, place: Path) -> set[str]:
        with self.look(place) as store:
            return {marker.backup for marker in store.registry.markers()}

    def _has_left(self, found: StoredDocument) -> bool:
        """Whether the file of a document is not there any more, or is another document's."""
        name = found.name.removeprefix(self._prefix)
        serving = self._documents.named(found.name)
        if not found.is_served or (serving is not None and serving.key != found.key):
            return True
        with self.look(Path(found.key)) as store:
            return has_left(self.folder / name, store.registry.registration())

    def _name_of(self, path: Path) -> str:
        real = real_path(path)
        if real.parent != self.folder:
            raise StoreError(f"{path} does not lie in {self.folder}", hint="Use the stores of its own folder")
        return real.name

    def _exists(self, name: str) -> DocumentExists:
        return DocumentExists(f"the file {name} in {self.folder} has a store already", hint="Open it")
