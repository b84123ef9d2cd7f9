"""A Y document that somebody else keeps: facts are read out of its root maps, and added by a deterministic update.

Its other roots, and entries that are no facts, are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pycrdt import Doc, Map

from chatdoc.crdt.first_update import genesis
from chatdoc.crdt.keys import ROOTS, decode, encode
from chatdoc.model.facts import Fact


def facts_of(doc: Doc[Any]) -> list[Fact]:
    """Every fact of the document, by root and key."""
    found = []
    for root, shared in _maps(doc):
        for key, text in sorted(shared.items()):
            fact = decode(root, key, text) if isinstance(text, str) else None
            if fact is not None:
                found.append(fact)
    return found


def add(doc: Doc[Any], facts: Iterable[Fact]) -> int:
    """Add facts that it lacks; the same ones make the same update, whoever adds them. Returns how many came."""
    maps = dict(_maps(doc))
    fresh = [
        fact
        for _, fact in sorted(
            ((root, key), fact)
            for fact in facts
            for root, key, text in [encode(fact)]
            if maps[root].get(key) != text
        )
    ]
    if not fresh:
        return 0
    doc.apply_update(genesis(fresh).update)
    # Somebody may have removed what this very update had brought before; then it says nothing new.
    lost = [entry for entry in map(encode, fresh) if maps[entry[0]].get(entry[1]) != entry[2]]
    with doc.transaction():
        for root, key, text in lost:
            maps[root][key] = text
    return len(fresh)


def observe(doc: Doc[Any], on_facts: Callable[[str, Any], None]) -> dict[Any, Any]:
    """Call `on_facts(root, event)` after changes of facts; returns the subscriptions by the map they are to."""
    return {shared: shared.observe(_caller(root, on_facts)) for root, shared in _maps(doc)}


def _caller(root: str, on_facts: Callable[[str, Any], None]) -> Callable[[Any], None]:
    def tell(event: Any) -> None:
        # `state` is shared with whoever keeps the document: what he notes there has no path.
        if any("/" in key for key in event.keys):
            on_facts(root, event)

    return tell


def _maps(doc: Doc[Any]) -> Iterator[tuple[str, Any]]:
    for root in ROOTS:
        yield root, doc.get(root, type=Map)
