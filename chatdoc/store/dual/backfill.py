"""Resumable backfill: key range by key range, marked in the same transaction, so that a kill costs one range."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256

import msgspec

from chatdoc.model.errors import CommandRefused
from chatdoc.store.dual.answers import differing
from chatdoc.store.dual.control import Range
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import POLICIES, SIDES
from chatdoc.store.dual.ports import Row

RANGE_ROWS = 100


class Backfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill did."""

    adopted: int
    """Rows of other programs that got an identity."""
    ranges: int
    skipped_ranges: int
    """Ranges that an earlier run finished and nobody changed since."""
    copied: int
    updated: int
    deleted: int
    conflicts: dict[str, int]
    """Fields in which new already has another value and wins, which is kept."""
    still_pending: int


def backfill(
    store: DualStore,
    *,
    rows: int = RANGE_ROWS,
    force: bool = False,
    on_range: Callable[[Range], None] = lambda done: None,
) -> Backfilled:
    """Bring every old row into new; what is there and equal stays, and a run that was killed goes on where it was."""
    if store.phase == "dropped":
        raise CommandRefused(
            "the old side was dropped; there is nothing left to backfill", hint="Nothing is to do"
        )
    adopted = store.adopt()
    still_pending = store.repair()
    known = {} if force else {one.first_key: one for one in store.control.ranges()}
    done: Counter[str] = Counter()
    conflicts: Counter[str] = Counter()
    after = ""
    while page := store.sides["old"].page(after, rows):
        after = str(page[-1].identity)
        here = Range(str(page[0].identity), after, len(page), _digest(page))
        if known.get(here.first_key) == here and _stands(store, page):
            done["skipped"] += 1
            continue
        with store.whole():
            lacking = store.lacking("new")  # Refused just now: they go on waiting, and stop no others.
            for looked_at in page:
                row = store.sides["old"].get(str(looked_at.identity))  # Others may have written since.
                if row is not None and row.identity not in lacking:
                    done[_carry(store, row, conflicts)] += 1
            store.control.finish(here, store.now_iso())
        done["ranges"] += 1
        on_range(here)
    done["deleted"] += _deletions(store)
    return Backfilled(
        adopted=adopted,
        ranges=done["ranges"],
        skipped_ranges=done["skipped"],
        copied=done["copied"],
        updated=done["updated"],
        deleted=done["deleted"],
        conflicts=dict(sorted(conflicts.items())),
        still_pending=still_pending,
    )


def _carry(store: DualStore, row: Row, conflicts: Counter[str]) -> str:
    """Bring one old row to new; returns what that was."""
    new = store.sides["new"]
    identity = str(row.identity)
    there = new.get(identity)
    if there is None:
        if new.deleted({identity}):
            return "deleted"  # Deleted there; the old row follows below.
        new.put(identity, row.record)
        return "copied"
    fields = differing(store.entity, row.record, there.record)
    if not fields:
        return "equal"
    if POLICIES[store.phase].wins == "old":
        new.put(identity, {**there.record, **row.record})
        return "updated"
    lacking = {name: row.record.get(name) for name in fields if there.record.get(name) is None}
    if lacking:  # What new has no column for is no conflict; it was never told there.
        new.put(identity, {**there.record, **lacking})
    conflicts.update(name for name in fields if name not in lacking)
    return "updated" if lacking else "equal"


def _deletions(store: DualStore) -> int:
    """Let deletions on one side hold on the other; returns how many rows went."""
    count = 0
    for name in SIDES:
        target = store.sides["new" if name == "old" else "old"]
        for identity in store.gone(name):
            with store.whole():
                count += target.get(identity) is not None
                if target.get(identity) is not None or not target.deleted({identity}):
                    target.delete(identity, store.now_iso())
    return count


def _stands(store: DualStore, page: list[Row]) -> bool:
    """Whether new holds every row of a finished range still, with the values of old while that wins."""
    for row in page:
        there = store.sides["new"].get(str(row.identity))
        if there is None:
            return False
        if POLICIES[store.phase].wins == "old" and differing(store.entity, row.record, there.record):
            return False
    return True


def _digest(page: list[Row]) -> str:
    text = json.dumps([[row.identity, row.record] for row in page], sort_keys=True, ensure_ascii=True)
    return sha256(text.encode()).hexdigest()
