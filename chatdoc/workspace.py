"""Fan-in over the documents of a folder: their logs are read and followed together, each with its own sequence.

Documents share nothing, so what is read here is ordered by document and sequence; times order nothing but a display.
Reading writes nothing, neither to a store nor beside it, and goes on while others write.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from chatdoc.engine.begin_event_log import tell_history
from chatdoc.event_view import OPEN_ONCE, EventView
from chatdoc.model.errors import ChatdocError, NoEventLog, StoreError
from chatdoc.model.events.event import Event
from chatdoc.store.chat_folders import folders_below, not_read
from chatdoc.store.ports import DocumentStore
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder

FOLLOW_S = 0.05
"""So often followers of a whole folder look at its documents."""


class DocumentPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A document below a folder: its file and its store, as paths from there with forward slashes, and its id.

    Its `store` tells it from all others, wherever its file goes: copies of a file share the document's id.
    """

    path: str
    document_id: str
    store: str


class UnreadableStore(msgspec.Struct, frozen=True, kw_only=True):
    """A store below a folder that cannot be read, and why; what other stores say does not depend on it.

    `store` is the folder's path where a folder cannot be read.
    """

    store: str
    error: str
    """The class of what was raised, say `StoreDamaged`."""
    reason: str


class DocumentRows(msgspec.Struct, frozen=True, kw_only=True):
    """What the log of one document says, as of one event of its own."""

    path: str
    document_id: str
    store: str
    snapshot: Snapshot


class DocumentEvent(NamedTuple):
    """An event, and the document whose log it is from."""

    place: DocumentPlace
    event: Event


class WorkspaceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs of a folder say, document by document, by path; each is as of a moment of its own."""

    folder: str
    documents: tuple[DocumentRows, ...]
    unreadable: tuple[UnreadableStore, ...] = ()


class Workspace:
    """The documents below a folder that have a store; `with` closes it. Raises NoEventLog where there is none."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = _real(folder)
        self._views: dict[Path, EventView] = {}
        self._unreadable: tuple[UnreadableStore, ...] = ()
        if not self.documents():
            unreadable = self.unreadable()
            lost = next((one.reason for one in unreadable if one.store == "."), None)
            if lost is not None or not unreadable:
                raise NoEventLog(lost or f"no document below {folder} has a store", hint=OPEN_ONCE)

    def documents(self) -> tuple[DocumentPlace, ...]:
        """The documents that there are now, by path; one whose file is another document's now is not among them.

        Nor is one whose store cannot be read: `unreadable` names those.
        """
        found, unreadable = [], []
        closed: list[OSError] = []
        for folder in folders_below(self.folder, closed.append):
            stores = SqliteFolder(folder)
            try:
                places = stores.places()
            except ChatdocError as error:
                unreadable.append(_unreadable(stores.home.relative_to(self.folder).as_posix(), error))
                continue
            for place in places:
                own = place.relative_to(self.folder).as_posix()
                try:
                    said = self._view(stores, place).store.registry.registration()
                    is_served = said.retired_at_ms is None and stores.serves(said.path, place)
                except StoreError as error:
                    self._forget(place)
                    unreadable.append(_unreadable(own, error))
                    continue
                if is_served:
                    path = (folder / said.path).relative_to(self.folder).as_posix()
                    found.append(DocumentPlace(path=path, document_id=said.document_id, store=own))
        for one in closed:
            own = Path(os.fsdecode(one.filename)).relative_to(self.folder).as_posix()
            unreadable.append(UnreadableStore(store=own, error=type(one).__name__, reason=not_read(one)))
        self._unreadable = tuple(unreadable)
        return tuple(sorted(found, key=lambda one: (one.path, one.store)))

    def unreadable(self) -> tuple[UnreadableStore, ...]:
        """The stores that could not be read when `documents` looked last, by path."""
        return self._unreadable

    def log(self, place: DocumentPlace) -> EventView:
        """The event log of one document."""
        store = self.folder / place.store
        return self._view(SqliteFolder(store.parent.parent), store)

    def snapshot(self) -> WorkspaceSnapshot:
        """All that is shown of all documents; `events` goes on from their sequences, given by `store`."""
        rows, unreadable = [], []
        for one in self.documents():
            try:
                found = self.log(one).snapshot()
            except StoreError as error:
                unreadable.append(_unreadable(one.store, error))
                continue
            rows.append(
                DocumentRows(path=one.path, document_id=one.document_id, store=one.store, snapshot=found)
            )
        return WorkspaceSnapshot(
            folder=os.fsencode(self.folder).decode("utf-8", "backslashreplace"),
            documents=tuple(rows),
            unreadable=tuple(sorted((*self._unreadable, *unreadable), key=lambda one: one.store)),
        )

    def events(self, after: Mapping[str, int] | None = None) -> Iterator[DocumentEvent]:
        """Every event of every document beyond a sequence of its own, by its `store`; document by document."""
        for one in self.documents():
            for event in self.log(one).events(from_sequence_exclusive=(after or {}).get(one.store, 0)):
                yield DocumentEvent(one, event)

    def follow(
        self, after: Mapping[str, int] | None = None, *, until: threading.Event | None = None
    ) -> Iterator[DocumentEvent]:
        """Like `events`, and goes on with what anybody appends later, to documents that come later too; until told."""
        reached, ended = dict(after or {}), until or threading.Event()
        while not ended.is_set():
            quiet = True
            for one in self.events(reached):
                reached[one.place.store] = one.event.sequence
                quiet = False
                yield one
            if quiet:
                ended.wait(FOLLOW_S)

    def close(self) -> None:
        """Let go of the stores."""
        for view in self._views.values():
            view.close()
        self._views.clear()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget(self, place: Path) -> None:
        view = self._views.pop(place, None)
        if view is not None:
            view.close()

    def _view(self, stores: SqliteFolder, place: Path) -> EventView:
        view = self._views.get(place)
        if view is None:
            view = self._views[place] = EventView(stores.look(place), stores.folder, closes_store=True)
        return view


def log_of(file: str | os.PathLike[str], *, write: bool = False) -> EventView:
    """The event log of one chat file, without opening its document; to rebuild or compact it, open it to `write`.

    Raises NoEventLog where the file has no store.
    """
    real = _real(file)
    stores = SqliteFolder(real.parent)
    found = stores.find(real, ())
    if found.place is None:
        raise NoEventLog(f"{real} has no store", hint=OPEN_ONCE)
    store: DocumentStore = stores.open(found.place) if write else stores.look(found.place)
    try:
        if write:
            tell_history(store, real.parent)
        return EventView(store, real.parent, closes_store=True)
    except BaseException:
        store.close()
        raise


def _unreadable(store: str, error: ChatdocError) -> UnreadableStore:
    return UnreadableStore(store=store, error=type(error).__name__, reason=str(error))


def _real(asked: str | os.PathLike[str]) -> Path:
    try:
        return real_path(asked)
    except (TypeError, ValueError, OSError) as error:
        raise NoEventLog(f"{asked!r} names no file or folder: {error}", hint="Check the name") from error
