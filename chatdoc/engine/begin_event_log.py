"""Beginning of the event log: what a document said before is told once, always the same, and a long history on demand.

A long chat that is migrated and only ever read has no second and third copy of its messages so: what it said is told
when its log is first used. Ids, moments and numbers of what is told follow from the document and from when its store
was made, so who reads before anybody writes is told by a log in memory what the stored one will say.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import PurePath, PurePosixPath

import msgspec

from chatdoc.engine.engine import Engine
from chatdoc.engine.event_recorder import EventRecorder, created, moved
from chatdoc.engine.load import load_view
from chatdoc.engine.transaction import Transaction
from chatdoc.model.clock import iso
from chatdoc.model.errors import StoreError
from chatdoc.model.events.derive import begin
from chatdoc.model.events.event import Draft
from chatdoc.model.ids import derive
from chatdoc.model.view.view import View
from chatdoc.store.memory.sqlite_store import memory_sqlite_store
from chatdoc.store.ports import DocumentStore, Registration, UnitOfWork

LONG_MIN = 1_000
"""A document of so many messages has a long history; a shorter one is told as it is opened, within 30 ms."""
_log = logging.getLogger("chatdoc")


def begin_event_log(engine: Engine, folder: PurePath) -> None:
    """Let the event log tell of every change from now on, and of all that was there before: if long, on first use."""
    store = engine.store
    if store.events is None or store.read_model is None:
        return
    root = _root(folder)
    engine.recorder = recorder = EventRecorder(
        store.events, store.read_model, lambda: tell_history(store, folder, lambda: _shown(engine))
    )
    if not recorder.has_begun and len(engine.copy.view.headers) < LONG_MIN:
        recorder.begin()
    elif recorder.has_begun and store.read_model.workspace_root() != root:

        def move(transaction: Transaction) -> None:
            at_ms = engine.clock()
            drafts = [moved(recorder.project_id, root, at_ms)]
            transaction.unit.append_events(drafts, at_ms=at_ms, command_id=None, origin="store")

        engine.transact(move)


def begin_log(engine: Engine) -> None:
    """Let the log of an open document tell of what was there before it, unless it does; before it is first read.

    Where it cannot be written, on a full disk say, it is read all the same (`ToldLog`), and the next use tries again.
    """
    if engine.recorder is not None and not engine.recorder.has_begun and engine.is_open:
        try:
            engine.transact(lambda _: None)
        except StoreError as error:
            _log.warning("what was there before the event log is told in memory for now: %s", error)


def tell_history(store: DocumentStore, folder: PurePath, show: Callable[[], View] | None = None) -> None:
    """Begin the log of a store, in one transaction: tell of the project and of all that is stored, unless that was.

    `show` gives what is stored, as that transaction finds it; else it is loaded.
    """
    events = store.events
    assert events is not None, "only a store with an event log tells of anything"

    def tell(unit: UnitOfWork) -> None:
        if events.began_at_ms() is None:
            said = store.registry.registration()
            view = show() if show is not None else load_view(store)
            _tell(unit, said, view, _root(folder), events.project_id())

    store.write(tell)


def told_in_memory(store: DocumentStore, folder: PurePath | None) -> DocumentStore:
    """A store in memory with the log that one which is only read will begin with; see `EventView` for the folder."""
    registration, view = store.registry.registration(), load_view(store)
    root = _root(folder or PurePosixPath("/", registration.path).parent)
    memory = memory_sqlite_store(msgspec.structs.replace(registration, retired_at_ms=None, released=False))
    memory.write(lambda unit: _tell(unit, registration, view, root, None))
    return memory


def _shown(engine: Engine) -> View:
    """What is stored; memory mostly has it, and where another process has written meanwhile it is loaded."""
    copy = engine.copy
    known = copy.session.sequence == engine.store.updates.last_sequence()
    return copy.view if known else load_view(engine.store)


def _tell(unit: UnitOfWork, said: Registration, view: View, root: str, known: str | None) -> None:
    at_ms = said.created_at_ms
    project_id = known or derive("project", at_ms, said.document_id)
    project: Iterable[Draft] = () if known else [created(project_id, root, at_ms)]
    history = begin(view, project_id=project_id, now_iso=iso(at_ms))
    unit.begin_events(chain(project, history), at_ms=at_ms)


def _root(folder: PurePath) -> str:
    return os.fsencode(folder).decode("utf-8", "backslashreplace")
