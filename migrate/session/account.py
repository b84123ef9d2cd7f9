"""Line accounting: every line of a log has exactly one fate, and the fates add up to the lines."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from migrate.session.item import Item

Fate = Literal["record", "activity", "attic", "unknown", "quarantined", "blank", "unfinished"]
FATES: tuple[Fate, ...] = get_args(Fate)
Lines = dict[str, int]
"""How many lines became what; a fate that no line had may be absent."""

OF_KIND: dict[str, Fate] = {
    "prompt": "record",
    "said": "record",
    "answer": "record",
    "reasoning": "record",
    "chunk": "record",
    "usage": "record",
    "begin": "record",
    "end": "record",
    "boundary": "record",
    "setting": "record",
    "call": "activity",
    "result": "activity",
    "attic": "attic",
    "unknown": "unknown",
}
_RANK: dict[str, int] = {"record": 3, "activity": 2, "attic": 1, "unknown": 0}


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something odd about a line: a code, its number from 1, and what was found; never its content."""

    code: str
    line: int
    detail: str = ""


def fate_of(items: list[Item]) -> Fate:
    """What a line became that gave these items: the most visible of what they are."""
    return max((OF_KIND[item.kind] for item in items), key=_RANK.__getitem__)


def spelled(lines: Lines) -> Lines:
    """All fates in their order, with `total` before them."""
    return {"total": sum(lines.values()), **{fate: lines.get(fate, 0) for fate in FATES}}
