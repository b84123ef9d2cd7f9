"""Facts stand in one order, whatever the order of the rows they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from chatdoc.model.facts import (
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
from chatdoc.model.records.attic import AtticRow

_encode = msgspec.json.Encoder(order="deterministic").encode
_KEYS: dict[type[Any], Callable[[Any], Any]] = {
    DocumentFact: attrgetter("field"),
    ThreadFact: attrgetter("created_at", "thread_id"),
    SettingFact: attrgetter("thread_id", "field", "stamp"),
    StateFact: attrgetter("thread_id", "stamp"),
    Header: attrgetter("date", "message_id"),
    RevisionFact: attrgetter("message_id", "revision_id"),
    MarkFact: attrgetter("message_id", "field", "stamp"),
    PieceFact: attrgetter("message_id", "seq"),
    AtticRow: attrgetter("text"),
}


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The distinct facts: by kind, then by what they are about, then by their text."""
    kinds: dict[type[Any], list[Any]] = {kind: [] for kind in _KEYS}
    for fact in facts:
        kinds[type(fact)].append(fact)
    return [fact for kind, found in kinds.items() for fact in _sorted(found, _KEYS[kind])]


def _sorted(facts: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    facts.sort(key=key)
    keys = list(map(key, facts))
    if len(set(keys)) == len(keys):
        return facts
    ordered: list[Any] = []
    start = 0
    for end in range(1, len(facts) + 1):
        if end == len(facts) or keys[end] != keys[start]:
            fellows = facts[start:end]
            ordered += (
                fellows
                if len(fellows) == 1
                else {_encode(one): one for one in sorted(fellows, key=_encode)}.values()
            )
            start = end
    return ordered
