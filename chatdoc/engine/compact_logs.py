"""Compaction of both logs: old updates and events are sealed into compressed runs, and none of them is lost.

What is told of the document, its history and its receipts stays the same; only the space that they take shrinks.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from chatdoc.engine.engine import Engine
from chatdoc.model.errors import ChatdocError
from chatdoc.settings import compacts_by_itself
from chatdoc.store.ports import Sealed

_log = logging.getLogger("chatdoc")

ENTRIES_MIN = 4096
"""So many entries that are stored one by one are left alone when a document is saved or closed."""
SHARE = 4
"""And so are those that are less than this part of the log: each is sealed a few times at most in its life."""


def compact(engine: Engine, *, dry_run: bool = False) -> Sealed:
    """Seal every event, and every update but the newest; raises StoreDamaged, with none replaced, if one is damaged."""
    with engine.lock:
        engine.make_ready()
        return engine.store.seal_logs(dry_run=dry_run)


def compact_when_due(engine: Engine, environment: Mapping[str, str], *, is_closing: bool = False) -> None:
    """Seal both logs where the unsealed end of the update log has grown long, unless the environment says no.

    What comes next takes the space that this frees; who is closing gives it back, where it is a good part of the file.

    Over time each update is sealed a bounded number of times. A document that was just migrated has one update, and the
    events that its log began with are sealed already. Nothing depends on any of it: on a full disk, or while somebody
    else writes, it is left for the next time, and a warning says so.
    """
    store = engine.store
    try:
        with engine.lock:
            last = engine.sequence
            is_due = last - store.updates.sealed_through() > max(ENTRIES_MIN, last // SHARE)
            if (is_due or is_closing) and compacts_by_itself(environment):
                if is_due:
                    store.seal_logs(shrink=False)
                if is_closing:
                    store.shrink(free_share_min=1 / SHARE)
    except ChatdocError as error:
        _log.warning("the log was not compacted, and has everything: %s", error)
