"""Folder of stores: one SQLite file a document in `.chatdoc/` beside the chat files, found by document id and path.

| name below `.chatdoc/` | what it is |
| --- | --- |
| `<document id>.sqlite3`, `…-2.sqlite3`, … | a store; more than one where a file was copied or migrated anew |
| `paths/<file name>` | which store serves that file; only an index, the path that a store records is the truth |
| `backups/` | the bytes that files had before they were migrated |
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import stat
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec

from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import ChatdocError, DocumentExists, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.store.ports import DocumentStore, Found, Marker, Registration, UnitOfWork
from chatdoc.store.sqlite.database import Database, Durability
from chatdoc.store.sqlite.draft import build, draft_file, put_in_place
from chatdoc.store.sqlite.opening import open_to_read, open_to_write
from chatdoc.store.sqlite.own_files import make_folder, require_own_folder
from chatdoc.store.sqlite.path_index import PathIndex, encoded
from chatdoc.store.sqlite.sqlite_errors import FAULTS, failure
from chatdoc.store.sqlite.store import SqliteStore

NAME = ".chatdoc"
BUSY_TIMEOUT_S = 10.0
_END = ".sqlite3"
_PLAIN = re.compile(rb"[0-9A-Za-z_-]{8,}")
"""Ids that stand in a text as they are."""
_PIECE_BYTES = 1 << 20
_log = logging.getLogger("chatdoc.store")


class _Known(NamedTuple):
    """A store, and what it says of its document and file."""

    place: Path
    said: Registration


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
        self._durability, self._timeout_s, self._clock = durability, busy_timeout_s, clock

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        """See the port."""
        name = self._name_of(path)
        if not require_own_folder(self.home):
            return Found("new", None)
        known = [one for one in self._known(document_ids) if one.said.retired_at_ms is None]
        serving = self._serving(name)
        if serving is None:
            serving = next((one for one in known if one.said.path == name and not one.said.released), None)
        if serving is not None:
            is_same = not document_ids or serving.said.document_id in document_ids
            return Found("registered", serving.place) if is_same else Found("replaced", None, serving.place)
        left = [one.place for one in known if self._has_left(one)]
        if left:
            return Found("moved", left[-1])
        return Found("copied", None, known[0].place) if known else Found("new", None)

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
        if self._serving(name) is not None:
            raise self._exists(name)
        with self._named(self.home, "be made"):
            with draft_file(self.home) as draft:
                build(
                    draft, registration, genesis, origin=origin, recorded_at_ms=recorded_at_ms, marker=marker
                )
                place = self._put(draft, registration.document_id)
            if not self._claim(name, place):
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
            ):  # Two copies of a moved file are opened at once; one of them gets it.
                return False
            moved = msgspec.structs.replace(now, path=name, retired_at_ms=None, released=False)
            unit.put_registration(moved)
            return True

        if not store.write(move):
            self._index.release(name, place.name)
            raise self._exists(name)
        if before != name:
            self._index.release(before, place.name)

    def release(self, store: DocumentStore, path: Path) -> None:
        """See the port."""
        name, place = self._name_of(path), _place_of(store)

        def let_go(unit: UnitOfWork) -> None:
            now = store.registry.registration()
            if now.path == name:
                unit.put_registration(msgspec.structs.replace(now, released=True))

        store.write(let_go)
        with self._named(place, "be let go of"):
            self._index.release(name, place.name)

    def places(self) -> list[Path]:
        """See the port."""
        if not require_own_folder(self.home):
            return []
        names = os.listdir(self.home)
        return sorted(
            self.home / name for name in names if name.endswith(_END) and not name.startswith(".new-")
        )

    def forget(self, place: Path, *, dry_run: bool = True) -> list[Path]:
        """See the port."""
        with contextlib.closing(self.look(place)) as store:
            registration = store.registry.registration()
            backups = {marker.backup for marker in store.registry.markers()}
        for other in self.places():
            if backups and other != place:
                with contextlib.closing(self.look(other)) as store:
                    backups -= {marker.backup for marker in store.registry.markers()}
        files = [Path(f"{place}{end}") for end in ("", "-wal", "-shm")]
        entry = self._index.file(registration.path)
        is_indexed = self._index.get(registration.path) == place.name
        files += [entry] if is_indexed else []
        files += [self.backups / name for name in sorted(backups) if os.path.basename(name) == name]
        files = [file for file in files if os.path.lexists(file)]
        if not dry_run:
            with self._named(place, "be forgotten"):
                if is_indexed:
                    self._index.release(registration.path, place.name)
                for file in files:
                    file.unlink(missing_ok=True)
        return files

    def _name_of(self, path: Path) -> str:
        real = Path(os.path.realpath(path))
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
            place = self.home / (f"{stem}{_END}" if number == 1 else f"{stem}-{number}{_END}")
            if put_in_place(draft, place):
                return place
        raise AssertionError("counting does not end")

    def _claim(self, name: str, place: Path) -> bool:
        """Let the index say that a store serves a path; false where another one does."""
        make_folder(self._index.folder)
        with self._named(self._index.folder, "be written"):
            while True:
                entry = self._index.get(name)
                if entry == place.name:
                    return True
                if entry is None:
                    if self._index.claim(name, place.name):
                        return True
                elif self._serving(name) is not None:
                    return False
                else:
                    self._index.release(name, entry)

    def _serving(self, name: str) -> _Known | None:
        """The store that the index names for a path, if it records that path and is neither retired nor released."""
        if not require_own_folder(self._index.folder):
            return None
        entry = self._index.get(name)
        if not entry or os.path.basename(entry) != entry or not entry.endswith(_END):
            return None
        place = self.home / entry
        if not os.path.lexists(place):
            return None
        said = self._look_up(place).said
        is_served = said.path == name and said.retired_at_ms is None and not said.released
        return _Known(place, said) if is_served else None

    def _known(self, document_ids: Sequence[str]) -> Iterator[_Known]:
        """The stores of these documents, those of the first id first, in the order in which they were made."""
        there = os.listdir(self.home)
        for document_id in dict.fromkeys(document_ids):
            stem = re.escape(encoded(document_id.encode("utf-8", "surrogatepass")))
            numbered = [re.fullmatch(rf"{stem}(?:-([0-9]+))?{re.escape(_END)}", name) for name in there]
            for match in sorted(filter(None, numbered), key=lambda one: int(one[1] or 1)):
                try:
                    found = self._look_up(self.home / match[0])
                except ChatdocError as error:
                    _log.warning("a store is passed over: %s", error)
                    continue
                if found.said.document_id == document_id:
                    yield found

    def _has_left(self, found: _Known) -> bool:
        """Whether the file of a store is not there any more, or is another document's."""
        file = self.folder / found.said.path
        if found.said.released or not os.path.lexists(file):
            return True
        serving = self._serving(found.said.path)
        if serving is not None and serving.place != found.place:
            return True
        document_id = found.said.document_id.encode("utf-8", "surrogatepass")
        if found.said.text_digest is None or not _PLAIN.fullmatch(document_id):
            return False
        return not _has_bytes(file, document_id)  # What we published names its document.

    def _look_up(self, place: Path) -> _Known:
        with contextlib.closing(self.look(place)) as store:
            return _Known(place, store.registry.registration())

    def _remove(self, place: Path) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{place}{end}").unlink(missing_ok=True)

    def _exists(self, name: str) -> DocumentExists:
        return DocumentExists(f"the file {name} in {self.folder} has a store already", hint="Open it")

    @contextlib.contextmanager
    def _named(self, place: Path, what: str) -> Iterator[None]:
        """Errors of the system come out as ours, and name what they are about."""
        try:
            yield
        except PermissionError as error:
            raise ReadOnlyTarget(
                f"the store {place} cannot {what}: {error.strerror}", hint=f"Allow writing to {self.home}"
            ) from error
        except OSError as error:
            raise WriteFailed(
                f"the store {place} cannot {what}: {error.strerror}", hint="Check the disk and open again"
            ) from error
        except FAULTS as error:
            raise failure(error, str(place), what) from error


def _place_of(store: DocumentStore) -> Path:
    assert store.location is not None, "a store of a folder is a file"
    return store.location


def _has_bytes(file: Path, wanted: bytes) -> bool:
    """Whether a plain file has these bytes in it; true for one that cannot be read, for then nothing is known."""
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            return True
        with open(file, "rb") as opened:
            before = b""
            while piece := opened.read(_PIECE_BYTES):
                if wanted in before + piece:
                    return True
                before = piece[-len(wanted) :]
    except OSError:
        return True
    return False
