"""Log of a store that is only read: the stored one where it has begun, else in memory what it will begin with.

The two agree in every event but that of the project's folder, so a place in one is a place in the other.
"""

from __future__ import annotations

import threading
from pathlib import PurePath

from chatdoc.engine.begin_event_log import told_in_memory
from chatdoc.store.ports import DocumentStore, EventLog
from chatdoc.store.projections.read_model import ReadModel


class ToldLog:
    """Which store is asked for events and for what is folded from them; usable from any thread."""

    def __init__(self, store: DocumentStore, folder: PurePath | None) -> None:
        self._store, self._folder = store, folder
        self._has_begun = False
        self._memory: DocumentStore | None = None
        self._lock = threading.Lock()

    @property
    def store(self) -> DocumentStore:
        """The store whose log tells; made in memory once, at the cost of folding the whole document."""
        if self._has_begun:
            return self._store
        with self._lock:
            if _events(self._store).began_at_ms() is not None:
                self._has_begun = True
                self._drop()
                return self._store
            if self._memory is None:
                self._memory = told_in_memory(self._store, self._folder)
            return self._memory

    @property
    def events(self) -> EventLog:
        """The events."""
        return _events(self.store)

    @property
    def rows(self) -> ReadModel:
        """What is folded from them."""
        return rows_of(self.store)

    def close(self) -> None:
        """Let go of what is in memory."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None


def rows_of(store: DocumentStore) -> ReadModel:
    """What is folded from the events of a store that has them."""
    assert store.read_model is not None, "only a store with an event log is asked for one"
    return store.read_model


def _events(store: DocumentStore) -> EventLog:
    assert store.events is not None, "only a store with an event log is asked for one"
    return store.events
