"""Nothing is written that the guard of a peer would refuse: it would refuse all that follows as well."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.crdt.keys import encode, encode_raw, key_problem
from chatdoc.crdt.read_update import UPDATE_BYTES_MAX, VALUE_BYTES_MAX
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact
from chatdoc.model.view.lookup import knows, superseded
from chatdoc.model.view.view import View

_ROOM = 1024
"""Bytes an update needs besides its values, for each of them; keys are half as long."""


_TO_JUDGE = frozenset({"document", "setting", "mark", "revision", "state"})
"""Roots whose keys hold a field somebody named, or a stamp above one a peer wrote; the others hold fresh ids alone."""


def outgoing(facts: Iterable[Fact]) -> list[tuple[str, str, str]]:
    """Root, key and text of facts to write; raises CommandRefused when peers would refuse them."""
    entries: list[tuple[str, str, str]] = []
    total = 0
    for fact in facts:
        root, key, raw = encode_raw(fact)
        problem = key_problem(root, key) if root in _TO_JUDGE else None
        size = len(raw)
        if size > VALUE_BYTES_MAX:
            problem = f"{size} bytes as JSON are more than the {VALUE_BYTES_MAX} one record may have"
        total += size + _ROOM
        if total > UPDATE_BYTES_MAX:
            problem = f"some {total} bytes are more than the {UPDATE_BYTES_MAX} one update may have"
        if problem is not None:
            raise CommandRefused(f"no peer would take this change: {problem}")
        entries.append((root, key, raw.decode()))
    return entries


def removable(view: View, facts: Iterable[Fact]) -> list[tuple[str, str]]:
    """Root and key of facts to remove; raises CommandRefused for one that still counts, which peers would put back."""
    places = []
    for fact in facts:
        root, key, _ = encode(fact)
        if not (knows(view, fact) and superseded(view, fact)):
            raise CommandRefused(
                f"{root}/{key} cannot be removed: it is not in the document, or nothing supersedes it",
                hint="Only superseded marks and states, and pieces of a finished answer, may be removed",
            )
        places.append((root, key))
    return places
