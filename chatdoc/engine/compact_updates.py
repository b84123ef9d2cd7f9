"""Compaction of the update log: old updates are sealed into compressed runs, and none of them is lost.

What is told of the document, its history and its receipts stays the same; only the space that the log takes shrinks.
"""

from __future__ import annotations

from chatdoc.engine.engine import Engine
from chatdoc.store.ports import DocumentStore, Sealed

ENTRIES_MIN = 4096
"""So many entries that are stored one by one are left alone when a document is closed."""
SHARE = 4
"""And so are those that are less than this part of the log: giving space back writes the whole file anew."""


def compact(engine: Engine, *, dry_run: bool = False) -> Sealed:
    """Seal every update but the newest; raises StoreDamaged, with nothing replaced, where one is not whole."""
    with engine.lock:
        engine.make_ready()
        return engine.store.seal_updates(dry_run=dry_run)


def compact_when_due(store: DocumentStore) -> None:
    """Seal a log whose unsealed end has grown long; over time each update is sealed a bounded number of times."""
    last = store.updates.last_sequence()
    if last - store.updates.sealed_through() > max(ENTRIES_MIN, last // SHARE):
        store.seal_updates()
