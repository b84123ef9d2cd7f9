"""The answer to an update: what it changed, and what to ask the peer for."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from chatdoc.crdt.read_update import state_vector
from chatdoc.model.delta import Delta
from invariants.rule import Violation


class Quarrel(msgspec.Struct, frozen=True, kw_only=True):
    """Who destroys again and again what is put back: keep him out, or his word stands until the next wait is over."""

    origin: str
    hidden: tuple[str, ...]
    """What he hid this time, `root/key`: lasting facts that are not in the Y document until they are put back."""
    times: int
    """How many updates of this origin destroyed something since the document was opened."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an update, and of those held back that it released."""

    delta: Delta
    violations: tuple[Violation, ...] = ()
    """Those that are new since."""
    held: int = 0
    """How many updates are held back because what they build on is missing."""
    waits: bool = False
    """Whether this very update is one of them."""
    wanted: bytes | None = None
    """While any is held: this document's state vector; ask the peer for what lies beyond it."""
    quarrel: tuple[Quarrel, ...] = ()
    """The origins that destroyed once more what had been put back often; origins without a name are one."""


class Step(NamedTuple):
    """What one update changed, which violations are new since, and the quarrel it went on with."""

    delta: Delta
    violations: tuple[Violation, ...]
    quarrel: Quarrel | None


def received(origin: str, steps: list[Step], *, held: int, waits: bool, known: dict[int, int]) -> Received:
    """The answer to an update that led to these steps, with so many still held back."""
    return Received(
        delta=united(origin, [step.delta for step in steps]),
        violations=tuple(violation for step in steps for violation in step.violations),
        held=held,
        waits=waits,
        wanted=state_vector(known) if held else None,
        quarrel=tuple(step.quarrel for step in steps if step.quarrel is not None),
    )


def united(origin: str, deltas: list[Delta]) -> Delta:
    """Several deltas as one."""
    if len(deltas) == 1:
        return deltas[0]
    return Delta(
        origin=origin,
        threads=frozenset().union(*(one.threads for one in deltas)),
        messages=frozenset().union(*(one.messages for one in deltas)),
        configs=frozenset().union(*(one.configs for one in deltas)),
        states=frozenset().union(*(one.states for one in deltas)),
        settings=frozenset().union(*(one.settings for one in deltas)),
        attic=frozenset().union(*(one.attic for one in deltas)),
        new_threads=frozenset().union(*(one.new_threads for one in deltas)),
        relinked=frozenset().union(*(one.relinked for one in deltas)),
        losses=tuple(loss for one in deltas for loss in one.losses),
        reused=frozenset().union(*(one.reused for one in deltas)),
        unreadable=frozenset().union(*(one.unreadable for one in deltas)),
        hidden=frozenset().union(*(one.hidden for one in deltas)),
    )
