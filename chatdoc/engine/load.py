"""Loading: a stored document is its row snapshot and the updates after it; without a snapshot, all its updates."""

from __future__ import annotations

import logging

from chatdoc.crdt.fact_snapshot import rows_of, view_of
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.errors import StoreDamaged
from chatdoc.model.ids import RandomSource
from chatdoc.model.view.view import View
from chatdoc.store.ports import DocumentStore, Rows

_log = logging.getLogger("chatdoc")

ITEMS_MIN = 64
"""So many items beyond the snapshot are read from their updates without a thought of a new one."""


def load(store: DocumentStore, *, random: RandomSource, before: WorkingCopy | None = None) -> WorkingCopy:
    """What a store says, with every update of its log; `before` is an earlier copy whose counts go on.

    Raises StoreDamaged when an update is not what was stored.
    """
    view, known, sequence = _snapshot(store)
    copy = WorkingCopy(view, store, random=random, known=known, sequence=sequence, before=before)
    copy.follow_log(store)
    return copy


def load_view(store: DocumentStore) -> View:
    """What a stored document says, for reading only."""
    copy = load(store, random=lambda size: b"\x01" * size)
    copy.see_hidden()
    return copy.view


def keep_rows(store: DocumentStore, copy: WorkingCopy, *, recorded_at_ms: int) -> None:
    """Store a row snapshot once reading the updates since the last would cost more."""
    if copy.view.hidden:  # The rows would not say so, and nobody would look for it behind them.
        return
    items = sum(copy.known.values())
    if items - copy.items_in_snapshot <= max(ITEMS_MIN, len(copy.view.headers) // 200):
        return
    headers, others = rows_of(copy.view)
    rows = Rows(sequence=copy.session.sequence, known=dict(copy.known), headers=headers, others=others)
    store.snapshots.put_rows(rows, recorded_at_ms=recorded_at_ms)
    copy.items_in_snapshot = items


def _snapshot(store: DocumentStore) -> tuple[View, dict[int, int], int]:
    rows = store.snapshots.row_pieces()
    if rows is None:
        return View(), {}, 0
    try:
        return view_of(rows.headers, rows.others), dict(rows.known), rows.sequence
    except (ValueError, StoreDamaged) as error:
        _log.warning("a row snapshot is set aside, the document is read from its updates: %s", error)
        return View(), {}, 0
