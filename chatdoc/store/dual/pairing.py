"""Which rows of two sides are one thing, where a program wrote both and left no common id: content first, then time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from chatdoc.store.dual.ports import Entity, Row

APART_MS_MAX = 120_000
"""A program that writes one thing to both sides does it within this time; the same content later is another thing."""


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
