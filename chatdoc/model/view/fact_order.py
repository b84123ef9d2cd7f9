"""Facts have one identity and one order: those of their canonical text.

Python takes 1, 1.0 and true for equal; as facts they are three, and every replica must keep the same ones.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from chatdoc.model.facts import Header, MarkFact, RevisionFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.records.attic import AtticRow

Stamped = TypeVar("Stamped", SettingFact, MarkFact, StateFact)

SCANNED_MAX = 8
"""Among so many facts one is looked for one by one; among more, by their order, so that no number of them is costly."""

canonical = msgspec.json.Encoder(order="deterministic").encode


def attic_key(row: AtticRow) -> str:
    """An attic row's key in the view: its canonical text, so equal rows are one."""
    return canonical(row).decode()


def same(one: Any, other: Any) -> bool:
    """Whether two facts, or two values of facts, are one."""
    return bool(one == other) and canonical(one) == canonical(other)


def position(facts: Sequence[Any], fact: Any) -> int:
    """Where a fact stands among others of its kind, which are in their order, or -1."""
    if len(facts) > SCANNED_MAX:
        key: Callable[[Any], Any] = ORDERS.get(type(fact), canonical)
        place = bisect_left(facts, key(fact), key=key)
        return place if place < len(facts) and same(facts[place], fact) else -1
    if fact in facts:
        for place, one in enumerate(facts):
            if same(one, fact):
                return place
    return -1


def enter(facts: list[Any], fact: Any) -> bool:
    """Put a fact, or a value, where its order says; false when it is there already."""
    if position(facts, fact) >= 0:
        return False
    insort(facts, fact, key=ORDERS.get(type(fact), canonical))
    return True


def insert(facts: list[Stamped], fact: Stamped) -> bool:
    """Put a fact where its stamp belongs; false when it is there already."""
    if not facts or fact.stamp > facts[-1].stamp:
        facts.append(fact)
        return True
    return enter(facts, fact)


def preference(fact: ThreadFact | Header) -> tuple[bool, bytes]:
    """The sort key under which the identity that is shown comes first."""
    return fact.assumed, canonical(fact)


def by_revision(fact: RevisionFact) -> tuple[str, bytes]:
    """The sort key of revisions: the last one is shown."""
    return fact.revision_id, canonical(fact)


def by_stamp(fact: SettingFact | MarkFact | StateFact) -> tuple[str, bytes]:
    """The sort key of changes: the last one holds."""
    return fact.stamp, canonical(fact)


ORDERS: dict[type[Any], Callable[[Any], Any]] = {
    ThreadFact: preference,
    Header: preference,
    RevisionFact: by_revision,
    SettingFact: by_stamp,
    MarkFact: by_stamp,
    StateFact: by_stamp,
}
"""The order in which the facts of a kind stand side by side; values and texts stand in that of their spelling."""
