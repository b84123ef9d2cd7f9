"""Folder of stores: one SQLite file a document in `.chatdoc/` beside the chat files, found by document id and path.

| name below `.chatdoc/` | what it is |
| --- | --- |
| `<document id>.sqlite3`, `…-2.sqlite3`, … | a store; more than one where a file was copied or migrated anew |
| `paths/<file name>` | which store serves that file; only an index, the path that a store records is the truth |
| `backups/` | the bytes that files had before they were migrated |
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import msgspec

from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import DocumentExists, StoreError
from chatdoc.store.ports import DocumentStore, Found, Marker, Registration, UnitOfWork
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.connection import Durability
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.draft import build, draft_file, finish, put_in_place
from chatdoc.store.sqlite.opening import open_to_read, open_to_write
from chatdoc.store.sqlite.own_files import JOURNALS, make_folder, require_own_folder
from chatdoc.store.sqlite.path_index import PathIndex, encoded
from chatdoc.store.sqlite.sqlite_errors import named
from chatdoc.store.sqlite.store import SqliteStore
from chatdoc.store.sqlite.store_finder import END, StoreFinder

NAME = ".chatdoc"
BUSY_TIMEOUT_S = 10.0


class SqliteFolder:
    """The stores of the documents of one folder; see the port `Stores`."""

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = "full",
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        clock: Clock = system_clock,
    ) -> None:
        self.folder = Path(os.path.realpath(folder))
        """Where the chat files are, never a folder above it."""
        self.home = self.folder / NAME
        self.backups = self.home / "backups"
        self._index = PathIndex(self.home)
        self._finder = StoreFinder(self.folder, self.home, self._index, self.look)
        self._durability, self._timeout_s, self._clock = durability, busy_timeout_s, clock

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        """See the port."""
        name = self._name_of(path)
        with named(self.home, "be read"):
            return (
                self._finder.find(name, document_ids) if require_own_folder(self.home) else Found("new", None)
            )

    def create(
        self,
        path: Path,
        registration: Registration,
        genesis: bytes,
        *,
        origin: str,
        recorded_at_ms: int,
        marker: Marker | None = None,
    ) -> SqliteStore:
        """See the port."""
        name = self._name_of(path)
        assert registration.path == name, "a store is made for the file whose name it records"
        for folder in (self.home, self.backups, self._index.folder):
            make_folder(folder)
        with named(self.home, "be made"):
            if self._finder.serving(name) is not None:
                raise self._exists(name)
            with draft_file(self.home) as draft:
                build(
                    draft, registration, genesis, origin=origin, recorded_at_ms=recorded_at_ms, marker=marker
                )
                finish(draft)
                place = self._put(draft, registration.document_id)
            if registration.retired_at_ms is None and not self._claim(name, place):
                self._remove(place)
                raise self._exists(name)
        return self.open(place)

    def open(self, place: Path) -> SqliteStore:
        """See the port."""
        require_own_folder(self.home)
        store = self._opened(open_to_write(place, durability=self._durability, timeout_s=self._timeout_s))
        try:
            # The index may lack this store, after a crash while it was made. Where it names another one instead, both
            # were made at once and this one is about to be removed: nobody may write to it.
            said = store.registry.registration()
            is_served = said.retired_at_ms is None and not said.released
            if is_served and not self._claim(said.path, place):
                raise self._exists(said.path)
            if any(one.behind for one in store.read_model.progress()):
                store.read_model.catch_up()
        except BaseException:
            store.close()
            raise
        return store

    def look(self, place: Path) -> SqliteStore:
        """See the port."""
        require_own_folder(self.home)
        return self._opened(open_to_read(place, timeout_s=self._timeout_s))

    def follow_move(self, store: DocumentStore, path: Path) -> None:
        """See the port."""
        name, place = self._name_of(path), _place_of(store)
        before = store.registry.registration().path
        if not self._claim(name, place):
            raise self._exists(name)

        def move(unit: UnitOfWork) -> bool:
            now = store.registry.registration()
            if now.path not in (
                before,
                name,
            ):  # Two copies of a moved file are opened at once; one gets the store.
                return False
            moved = msgspec.structs.replace(now, path=name, retired_at_ms=None, released=False)
            unit.put_registration(moved)
            return True

        is_ours = store.write(move)
        with named(place, "follow its file"):
            if before != name or not is_ours:
                self._index.release(self._index.file(before if is_ours else name), place.name)
                if is_ours:  # Where the disk takes both names for one, their entry was one too, and went.
                    self._claim(name, place)
        if not is_ours:
            raise self._exists(name)

    def release(self, store: DocumentStore, path: Path) -> None:
        """See the port."""
        name, place = self._name_of(path), _place_of(store)

        def let_go(unit: UnitOfWork) -> None:
            now = store.registry.registration()
            if now.path == name:
                unit.put_registration(msgspec.structs.replace(now, released=True))

        store.write(let_go)
        with named(place, "be let go of"):
            self._index.release(self._index.file(name), place.name)

    def places(self) -> list[Path]:
        """See the port."""
        if not require_own_folder(self.home):
            return []
        with named(self.home, "be read"):
            return sorted(self.home / name for name in os.listdir(self.home) if name.endswith(END))

    def serves(self, name: str, place: Path) -> bool:
        """Whether a file's store is this one, as the path index says; one small file is read and no store."""
        with named(self.home, "be read"):
            return require_own_folder(self._index.folder) and self._index.get(name) == place.name

    def forget(self, place: Path, *, dry_run: bool = True) -> list[Path]:
        """See the port."""
        backups = self._backups_of(place)
        for other in self.places():
            if backups and other != place:
                kept = self._backups_of(other)
                backups = set() if kept is None else backups - kept
        files = [Path(f"{place}{end}") for end in ("", *JOURNALS)]
        entry = self._index.entry_of(place.name)
        files += [] if entry is None else [entry]
        files += [self.backups / name for name in sorted(backups or ()) if os.path.basename(name) == name]
        files = [file for file in files if os.path.lexists(file)]
        if not dry_run:
            with named(place, "be forgotten"):
                if entry is not None:
                    self._index.release(entry, place.name)
                for file in files:
                    file.unlink(missing_ok=True)
        return files

    def _backups_of(self, place: Path) -> set[str] | None:
        """The backups that a store names, or None for one that cannot be read: it may need any of them."""
        try:
            with self.look(place) as store:
                return {marker.backup for marker in store.registry.markers()}
        except StoreError:
            return None

    def _name_of(self, path: Path) -> str:
        real = real_path(path)
        if real.parent != self.folder:
            raise StoreError(f"{path} does not lie in {self.folder}", hint="Use the stores of its own folder")
        return real.name

    def _opened(self, database: Database) -> SqliteStore:
        try:
            return SqliteStore(database, self._clock)
        except BaseException:
            database.close()
            raise

    def _put(self, draft: Path, document_id: str) -> Path:
        stem = encoded(document_id.encode("utf-8", "surrogatepass"))
        for number in count(1):
            place = self.home / (f"{stem}{END}" if number == 1 else f"{stem}-{number}{END}")
            if put_in_place(draft, place):
                return place
        raise AssertionError("counting does not end")

    def _claim(self, name: str, place: Path) -> bool:
        """Let the index say that a store serves a path; false where another one does."""
        make_folder(self._index.folder)
        with named(self._index.folder, "be written"):
            while True:
                entry = self._index.get(name)
                if entry == place.name:
                    return True
                if entry is None:
                    if self._index.claim(name, place.name):
                        return True
                elif self._finder.serving(name) is not None:
                    return False
                else:
                    self._index.release(self._index.file(name), entry)

    def _remove(self, place: Path) -> None:
        for end in ("", *JOURNALS):
            Path(f"{place}{end}").unlink(missing_ok=True)

    def _exists(self, name: str) -> DocumentExists:
        return DocumentExists(f"the file {name} in {self.folder} has a store already", hint="Open it")


def _place_of(store: DocumentStore) -> Path:
    assert store.location is not None, "a store of a folder is a file"
    return store.location
