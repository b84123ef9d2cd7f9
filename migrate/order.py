"""Facts stand in one order, whatever the order of the rows they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from chatdoc.records.attic import AtticRow
from chatdoc.records.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)

_encode = msgspec.json.Encoder(order="deterministic").encode
_KEYS: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {
    DocumentFact: lambda fact: (fact.field,),
    ThreadFact: lambda fact: (fact.created_at, fact.thread_id),
    SettingFact: lambda fact: (fact.thread_id, fact.field, fact.stamp),
    StateFact: lambda fact: (fact.thread_id, fact.stamp),
    Header: lambda fact: (fact.date, fact.message_id),
    RevisionFact: lambda fact: (fact.message_id, fact.revision_id),
    MarkFact: lambda fact: (fact.message_id, fact.field, fact.stamp),
    PieceFact: lambda fact: (fact.message_id, fact.seq),
    AtticRow: lambda fact: (),
}


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The distinct facts: by kind, then by what they are about, then by their text."""
    kinds: dict[type[Any], list[Any]] = {kind: [] for kind in _KEYS}
    for fact in facts:
        kinds[type(fact)].append(fact)
    return [fact for kind, found in kinds.items() for fact in _sorted(found, _KEYS[kind])]


def _sorted(facts: list[Any], key: Callable[[Any], tuple[Any, ...]]) -> list[Any]:
    by_key: dict[tuple[Any, ...], list[Any]] = {}
    for fact in facts:
        by_key.setdefault(key(fact), []).append(fact)
    ordered = []
    for place in sorted(by_key):
        fellows = by_key[place]
        if len(fellows) > 1:
            fellows = list({_encode(fact): fact for fact in sorted(fellows, key=_encode)}.values())
        ordered += fellows
    return ordered
