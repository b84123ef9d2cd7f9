"""Beginning of the event log: it tells of every change from its first opening on, and of all that was there before."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import chain
from pathlib import PurePath

from chatdoc.engine.engine import Engine
from chatdoc.engine.event_recorder import EventRecorder, created
from chatdoc.engine.transaction import Transaction
from chatdoc.model.clock import Clock, iso
from chatdoc.model.events.derive import begin
from chatdoc.model.ids import Mint
from chatdoc.model.view.view import View
from chatdoc.store.ports import UnitOfWork


def begin_event_log(engine: Engine, folder: PurePath, *, is_new: bool = False) -> None:
    """Let the event log tell of every change from now on, and of all that was there before it began.

    `is_new` is said of a store that was just made: where its log has begun, that was with `first_log` of this folder.
    """
    store = engine.store
    if store.events is None or store.read_model is None:
        return
    root = _root(folder)
    recorder = EventRecorder(store.events, store.read_model)
    if not (is_new and store.events.began_at_ms() is not None) and not recorder.stands(root):

        def start(transaction: Transaction) -> None:
            recorder.start(transaction.unit, transaction.copy.view, root, engine.ids, engine.clock())

        engine.transact(start)
    engine.recorder = recorder


def first_log(view: View, folder: PurePath, clock: Clock, ids: Mint) -> Callable[[UnitOfWork], None]:
    """What begins the log of a document whose store is being made, as `Stores.create` takes it."""

    def begin_log(unit: UnitOfWork) -> None:
        project_id, at_ms = ids.mint(), clock()
        begun = begin(view, project_id=project_id, now_iso=iso(at_ms))
        unit.begin_events(chain([created(project_id, _root(folder), at_ms)], begun), at_ms=at_ms)

    return begin_log


def _root(folder: PurePath) -> str:
    return os.fsencode(folder).decode("utf-8", "backslashreplace")
