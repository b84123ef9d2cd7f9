"""Beginning of the event log: it tells of every change from its first opening on, and of all that was there before."""

from __future__ import annotations

import os
from pathlib import PurePath

from chatdoc.engine.engine import Engine
from chatdoc.engine.event_recorder import EventRecorder
from chatdoc.engine.transaction import Transaction


def begin_event_log(engine: Engine, folder: PurePath) -> None:
    """Let the event log tell of every change from now on, and of all that was there before it began."""
    store = engine.store
    if store.events is None or store.read_model is None:
        return
    root = os.fsencode(folder).decode("utf-8", "backslashreplace")
    recorder = EventRecorder(store.events, store.read_model)
    if not recorder.stands(root):

        def start(transaction: Transaction) -> None:
            recorder.start(transaction.unit, transaction.copy.view, root, engine.ids, engine.clock())

        engine.transact(start)
    engine.recorder = recorder
