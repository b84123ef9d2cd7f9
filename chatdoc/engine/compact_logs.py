"""Compaction of both logs: old updates and events are sealed into compressed runs, and none of them is lost.

What is told of the document, its history and its receipts stays the same; only the space that they take shrinks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from chatdoc.engine.engine import Engine
from chatdoc.model.errors import ChatdocError
from chatdoc.settings import compacts_when_closing
from chatdoc.store.ports import DocumentStore, Sealed

_log = logging.getLogger("chatdoc")

ENTRIES_MIN = 4096
"""So many entries that are stored one by one are left alone when a document is closed."""
SHARE = 4
"""And so are those that are less than this part of the log: giving space back writes the whole file anew."""


def compact(engine: Engine, *, dry_run: bool = False) -> Sealed:
    """Seal every event, and every update but the newest; raises StoreDamaged, with none replaced, if one is damaged."""
    with engine.lock:
        engine.make_ready()
        return engine.store.seal_logs(dry_run=dry_run)


def compact_when_due(store: DocumentStore, environment: Mapping[str, str]) -> None:
    """Seal both logs where the unsealed end of the update log has grown long, unless the environment says no.

    Over time each update is sealed a bounded number of times. A document that was just migrated has one update, and the
    events that its log began with are sealed already. Nothing depends on any of it: on a full disk, or while somebody
    else writes, it is left for the next time, and a warning says so.
    """
    try:
        last = store.updates.last_sequence()
        is_due = last - store.updates.sealed_through() > max(ENTRIES_MIN, last // SHARE)
        if is_due and compacts_when_closing(environment):
            store.seal_logs()
    except ChatdocError as error:
        _log.warning("the log was not compacted, and has everything: %s", error)
