"""Adapters of a cutover: a file with its store, or a name in a database, as where a document lives, or is to live."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from chatdoc.database import require_document_name
from chatdoc.engine.adopt_file import first_entry
from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError, DocumentMoved, NewerEdits, NotFound
from chatdoc.open import open_document
from chatdoc.store.ports import UnitOfWork
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.store.projections.projector import Execute
from chatdoc.store.real_path import real_path
from chatdoc.store.sql.move import put_place, retired
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.values import Registration


class Side(Protocol):
    """One of two places; each method raises StoreError."""

    place: str
    """What people are told."""

    def living(self) -> SqlStore:
        """The store of the document that lives here, to be closed; raises DocumentMoved, and NotFound without one."""

    def served(self, document_id: str) -> SqlStore | None:
        """The store of this document that is served here; raises NewerEdits where another document is here."""

    def waiting(self, *, document_id: str | None = None, lives_at: str | None = None) -> SqlStore | None:
        """The store of this document that is not served, because it lives somewhere else, or there."""

    def make(self, source: SqlStore, lives_at: str) -> SqlStore:
        """A store that waits, with the first update of the source's document."""

    def serve(self, store: SqlStore) -> None:
        """Let the document live in a store that waits."""


class FileSide:
    """A file; see `Side`."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = real_path(file), clock
        self.place = str(self._file)
        self._stores = SqliteFolder(self._file.parent, clock=clock)

    def living(self) -> SqlStore:
        """See `Side`; a file that was never opened is opened first, so that its old bytes are kept."""
        found = self._stores.find(self._file, ())
        if found.place is not None and not os.path.lexists(self._file):  # It is open, and not saved yet.
            store = self._stores.open(found.place)
            if store.registry.registration().text_sequence is None:
                return store
            store.close()
        with open_document(self._file, create=False, clock=self._clock) as document:
            document.engine.require_open()
            place = document.engine.store.location
        assert place is not None, "a document with a file has a store"
        return self._stores.open(place)

    def served(self, document_id: str) -> SqlStore | None:
        """See `Side`; what somebody wrote into the file is taken first, for it is newer."""
        try:
            found = self._stores.find(self._file, (document_id,))
        except DocumentMoved:
            return None
        if found.standing == "registered":
            return self.living()
        if not os.path.lexists(self._file):
            return None
        raise NewerEdits(
            f"{self._file} is there and is not document {document_id}, so it was not written over",
            hint="Move it away, or name another file",
        )

    def waiting(self, *, document_id: str | None = None, lives_at: str | None = None) -> SqlStore | None:
        """See `Side`."""
        failed: ChatdocError | None = None
        for place in self._stores.places():
            try:
                with self._stores.look(place) as looked:
                    said, lives = looked.registry.registration(), looked.lives_at()
            except ChatdocError as error:  # That of another document keeps nobody from this one.
                if document_id is None or place.name.startswith(document_id):
                    failed = error
                continue
            is_it = said.path == self._file.name and said.document_id == (document_id or said.document_id)
            if is_it and lives is not None and lives == (lives_at or lives):
                return self._stores.open(place)
        if failed is not None:
            raise failed
        return None

    def make(self, source: SqlStore, lives_at: str) -> SqlStore:
        """See `Side`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        said = _waiting(source, self._file.name, self._clock())
        store = self._stores.create(
            self._file, said, **first_entry(source), recorded_at_ms=said.created_at_ms
        )
        _address(store, lives_at)
        return store

    def serve(self, store: SqlStore) -> None:
        """See `Side`; the text follows at once, also where the file was deleted since it last lived here."""
        if not os.path.lexists(self._file):
            now = store.registry.registration()
            unsaved = msgspec.structs.replace(now, text_digest=None, text_stat=None, text_sequence=None)
            store.write(lambda unit: unit.put_registration(unsaved))
        self._stores.follow_move(store, self._file)
        with open_document(self._file, clock=self._clock):
            pass


class DatabaseSide:
    """A name in a database; see `Side`."""

    def __init__(self, stored: PostgresDocuments, name: str, clock: Clock) -> None:
        require_document_name(name)
        self._stored, self._name, self._clock = stored, name, clock
        self.place = f"{stored.pool.name}#{name}"

    def living(self) -> SqlStore:
        """See `Side`."""
        found = self._stored.named(self._name)
        if found is None:
            self._stored.require_here(self._name)
            raise NotFound(f"there is no document {self.place}", hint="List them: chatdoc status --store URL")
        return self._stored.open(found.key)

    def served(self, document_id: str) -> SqlStore | None:
        """See `Side`."""
        found = self._stored.named(self._name)
        if found is None:
            return None
        if found.document_id != document_id:
            raise NewerEdits(
                f"{self.place} is document {found.document_id}, not {document_id}, so nothing was written",
                hint="Give it another name with --name",
            )
        return self._stored.open(found.key)

    def waiting(self, *, document_id: str | None = None, lives_at: str | None = None) -> SqlStore | None:
        """See `Side`."""
        for one in self._stored.all():
            if (
                one.is_retired
                and one.name == self._name
                and one.document_id == (document_id or one.document_id)
            ):
                store = self._stored.open(one.key)
                lives = store.lives_at()
                if lives is not None and lives == (lives_at or lives):
                    return store
                store.close()
        return None

    def make(self, source: SqlStore, lives_at: str) -> SqlStore:
        """See `Side`."""
        said = _waiting(source, self._name, self._clock())
        key = self._stored.create(
            said,
            **first_entry(source),
            recorded_at_ms=said.created_at_ms,
            fill=lambda run, _: _put_address(run, said, lives_at),  # One without would never be found again.
        )
        return self._stored.open(key)

    def serve(self, store: SqlStore) -> None:
        """See `Side`."""
        now = store.registry.registration()
        again = msgspec.structs.replace(now, retired_at_ms=None, released=False)
        store.write(lambda unit: unit.put_registration(again))


def retire(store: SqlStore, lives_at: str, at_ms: int, before: Callable[[], None] = lambda: None) -> None:
    """Serve a store no more: its document lives somewhere else. `before` is done first, while nobody writes to it."""

    def end(unit: UnitOfWork) -> None:
        now = store.registry.registration()
        if now.retired_at_ms is not None:
            raise store.tables.ask(
                lambda execute: retired(execute, now.document_id, now.path), "find where it went"
            )
        before()
        store.tables.change(
            lambda execute, _: put_place(execute, lives_at, retired_at_ms=at_ms), "say where it lives"
        )
        unit.put_registration(msgspec.structs.replace(now, retired_at_ms=at_ms))

    store.write(end)


def _waiting(source: SqlStore, path: str, at_ms: int) -> Registration:
    said = source.registry.registration()
    return Registration(
        path=path, document_id=said.document_id, created_at_ms=said.created_at_ms, retired_at_ms=at_ms
    )


def _address(store: SqlStore, lives_at: str) -> None:
    said = store.registry.registration()
    store.tables.change(lambda execute, _: _put_address(execute, said, lives_at), "say where it lives")


def _put_address(execute: Execute, said: Registration, lives_at: str) -> None:
    assert said.retired_at_ms is not None, "it was made retired"
    put_place(execute, lives_at, retired_at_ms=said.retired_at_ms)
