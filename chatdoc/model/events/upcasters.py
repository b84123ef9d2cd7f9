"""An event stored in an old shape is lifted to the present one when it is read; its stored row is never rewritten.

The contract of an upcaster:

- It belongs to one event type and has a number there: 1, 2, 3, … without gaps, in the order in which they apply.
- It is pure and total: the same fields give the same fields, whatever they hold.
- It knows its old shape by the fields and returns any other one as it came, so lifting twice is lifting once.
- Released, it is never edited: a new shape is the next number. Fields that nobody here knows travel along.

There is none yet: every event type still has its first shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from chatdoc.model.events.types import TYPES

Fields = dict[str, Any]


class Upcaster(NamedTuple):
    """One step up for one event type; `lift` gets the payload's JSON fields as they were stored."""

    event_type: str
    number: int
    lift: Callable[[Fields], Fields]


UPCASTERS: tuple[Upcaster, ...] = ()
"""Every upcaster there is, by event type and number."""


def chains(upcasters: Iterable[Upcaster]) -> Mapping[str, tuple[Upcaster, ...]]:
    """The upcasters of each event type in order; raises ValueError for an unknown type or a gap in the numbers."""
    found: dict[str, list[Upcaster]] = {}
    for one in upcasters:
        if one.event_type not in TYPES:
            raise ValueError(
                f"upcaster {one.number}: expected one of the event types, got {one.event_type!r}"
            )
        chain = found.setdefault(one.event_type, [])
        chain.append(one)
        if one.number != len(chain):
            raise ValueError(
                f"upcasters of {one.event_type}: expected number {len(chain)} next, got {one.number}"
            )
    return {event_type: tuple(chain) for event_type, chain in found.items()}


def lift(chain: Iterable[Upcaster], fields: Fields) -> Fields:
    """The fields in their present shape."""
    for one in chain:
        fields = one.lift(fields)
    return fields
