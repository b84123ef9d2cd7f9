"""The answer to an update: what it changed, and what to ask the peer for."""

from __future__ import annotations

import msgspec

from chatdoc.records.delta import Delta
from invariants.rule import Violation


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an update, and of those held back that it released."""

    delta: Delta
    violations: tuple[Violation, ...] = ()
    """Those that are new since."""
    held: int = 0
    """How many updates are held back because what they build on is missing."""
    wanted: bytes | None = None
    """While any is held: this document's state vector; ask the peer for what lies beyond it."""


def united(origin: str, deltas: list[Delta]) -> Delta:
    """Several deltas as one."""
    if len(deltas) == 1:
        return deltas[0]
    sets = (
        "threads",
        "messages",
        "configs",
        "states",
        "attic",
        "new_threads",
        "relinked",
        "reused",
        "unreadable",
    )
    together = {name: frozenset().union(*(getattr(delta, name) for delta in deltas)) for name in sets}
    return Delta(origin=origin, losses=tuple(loss for delta in deltas for loss in delta.losses), **together)
