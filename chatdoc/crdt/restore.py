"""What somebody destroyed is put back, and a quarrel about it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chatdoc.crdt.interpret import Entry
from chatdoc.crdt.keys import decode
from chatdoc.crdt.ydoc import Replica
from chatdoc.model.view.lookup import superseded
from chatdoc.model.view.view import View

RESTORES_MAX = 8
"""How often one entry is put back before it is left as its destroyer wants it, and only shown."""


class Restores:
    """Counts how often each entry was put back in this session."""

    def __init__(self) -> None:
        self._count: Counter[tuple[str, str]] = Counter()

    def due(self, destroyed: Iterable[Entry]) -> list[Entry]:
        """The entries to write again now, in a fixed order."""
        due = [
            (root, key, text)
            for root, key, text in sorted(set(destroyed))
            if self._count[root, key] < RESTORES_MAX
        ]
        self._count.update((root, key) for root, key, _ in due)
        return due


def still_gone(view: View, replica: Replica, torn: Iterable[Entry]) -> list[Entry]:
    """The entries that the whole document has not, and that still count: what superseded them may have come since."""
    gone = [(root, key, text) for root, key, text in torn if replica.entry(root, key) != text]
    facts = [(entry, decode(*entry)) for entry in gone]
    return [entry for entry, fact in facts if fact is None or not superseded(view, fact)]


def heal(view: View, written: Iterable[Entry]) -> frozenset[str]:
    """Forget what lay unreadable where these entries stand now; returns those places."""
    if not view.unreadable:
        return frozenset()
    places = [(root, key) for root, key, _ in written if (root, key) in view.unreadable]
    for place in places:
        del view.unreadable[place]
    return frozenset(f"{root}/{key}" for root, key in places)
