"""A stored document is its row snapshot and the updates after it; without a snapshot, all its updates."""

from __future__ import annotations

import logging

from chatdoc.crdt.fact_snapshot import rows_of, view_of
from chatdoc.engine.execute import Corridor
from chatdoc.model.clock import Clock
from chatdoc.model.errors import StoreDamaged
from chatdoc.model.ids import RandomSource
from chatdoc.model.view.view import View
from chatdoc.store.ports import Rows, UpdateLog

_log = logging.getLogger("chatdoc")

ITEMS_MIN = 64
"""So many items beyond the snapshot are read from their updates without a thought of a new one."""


def load(log: UpdateLog, *, clock: Clock, random: RandomSource) -> tuple[Corridor, int]:
    """The corridor of a document that is in a log, with every update of it; and how many items its snapshot had.

    Raises StoreDamaged when an update is not what was stored.
    """
    view, known, sequence = _snapshot(log)
    reached = sum(known.values())
    corridor = Corridor(view, log, known=known, sequence=sequence, clock=clock, random=random)
    corridor.replay()
    return corridor, reached


def load_view(log: UpdateLog) -> View:
    """What a stored document says, for reading only."""
    corridor, _ = load(log, clock=lambda: 0, random=lambda size: b"\x01" * size)
    return corridor.view


def keep_rows(corridor: Corridor, reached: int, *, recorded_at_ms: int) -> int:
    """Store a row snapshot once reading the updates since the last would cost more; returns the items it has."""
    items = sum(corridor.known.values())
    if items - reached <= max(ITEMS_MIN, len(corridor.view.headers) // 200):
        return reached
    headers, others = rows_of(corridor.view)
    rows = Rows(sequence=corridor.sequence, known=dict(corridor.known), headers=headers, others=others)
    corridor.log.put_rows(rows, recorded_at_ms=recorded_at_ms)
    return items


def _snapshot(log: UpdateLog) -> tuple[View, dict[int, int], int]:
    rows = log.row_pieces()
    if rows is None:
        return View(), {}, 0
    try:
        return view_of(rows.headers, rows.others), dict(rows.known), rows.sequence
    except (ValueError, StoreDamaged) as error:
        _log.warning("a row snapshot is set aside, the document is read from its updates: %s", error)
        return View(), {}, 0
