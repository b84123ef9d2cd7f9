"""Which rows of two sides are one thing, where a program wrote both and left no common id: content first, then time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from chatdoc.store.dual.phases import SideName
from chatdoc.store.dual.ports import Entity, Row

APART_MS_MAX = 120_000
"""A program that writes one thing to both sides does it within this time; the same content later is another thing."""


def names(
    entity: Entity, old: Sequence[Row], new: Sequence[Row], *, pending: Collection[str]
) -> dict[tuple[SideName, int], str]:
    """The identity of each row: its own, its pair's, or one made of its row id; `pending` ones wait for their pair."""
    there = {row.identity for row in new if row.identity is not None}
    alone = [
        row
        for row in old
        if row.identity is None
        or (row.identity.startswith("old-") and row.identity not in there and row.identity not in pending)
    ]
    pairs = pair(entity, alone, [row for row in new if row.identity is None])
    found: dict[tuple[SideName, int], str] = {}
    for row in old:
        found["old", row.row_id] = row.identity or f"old-{row.row_id:012d}"
    for row in new:
        if row.identity is not None:
            found["new", row.row_id] = row.identity
        elif row.row_id in pairs:
            found["new", row.row_id] = found["old", pairs[row.row_id]]
        else:
            found["new", row.row_id] = f"new-{row.row_id:012d}"
    return found


def pair(entity: Entity, old: Sequence[Row], new: Sequence[Row]) -> dict[int, int]:
    """Row ids of new rows and of the old rows that they are; each is taken once, the nearest in time first.

    Within a group equal contents are paired first. What is left is paired by time alone: two values of one thing,
    which a comparison will name.
    """
    groups: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for row in old:
        groups[entity.group(row.record)][0].append(row)
    for row in new:
        groups[entity.group(row.record)][1].append(row)
    found: dict[int, int] = {}
    for olds, news in groups.values():
        taken: set[int] = set()
        for by_content in (True, False):
            candidates = sorted(
                (apart, one.row_id, other.row_id)
                for one in news
                if one.row_id not in found
                for other in olds
                if other.row_id not in taken
                and (apart := abs(entity.moment_ms(one.record) - entity.moment_ms(other.record)))
                <= APART_MS_MAX
                and (not by_content or entity.content(one.record) == entity.content(other.record))
            )
            for _, new_id, old_id in candidates:
                if new_id not in found and old_id not in taken:
                    found[new_id] = old_id
                    taken.add(old_id)
    return found
