"""Replicas say the same when the facts that count are the same, in their views and in their Y documents."""

from __future__ import annotations

from collections.abc import Iterator

from chatdoc.crdt import read_update
from chatdoc.crdt.keys import decode, encode
from chatdoc.document import Document
from chatdoc.model.facts import Fact
from chatdoc.model.view.lookup import all_facts, superseded
from chatdoc.model.view.view import View
from chatdoc.testing import white_box

Entries = dict[tuple[str, str], str]
"""Texts by root and key."""


def content_of(view: View) -> Entries:
    """Every fact that counts, as the Y document spells it; superseded marks, states and pieces are left out."""
    return _spelled(view, all_facts(view))


def differences(one: View, other: View) -> Iterator[str]:
    """What one view says and the other does not, in words."""
    ours, theirs = content_of(one), content_of(other)
    yield from (
        f"only the first has {root}/{key}: {ours[root, key]}" for root, key in sorted(ours.keys() - theirs)
    )
    yield from (
        f"only the second has {root}/{key}: {theirs[root, key]}" for root, key in sorted(theirs.keys() - ours)
    )
    if one.unreadable != other.unreadable:
        yield f"unreadable in the first {one.unreadable}, in the second {other.unreadable}"


def hidden(document: Document) -> Iterator[str]:
    """What the document shows and its log would not give to a peer, or the other way round; in words."""
    whole = white_box.logged(document)
    entries, view = whole.entries(), document.view
    yield from unlike(view, entries)
    unreadable = {place: text for place, text in entries.items() if decode(*place, text) is None}
    if unreadable != view.unreadable:
        yield f"unreadable in the Y document {sorted(unreadable)}, in the view {sorted(view.unreadable)}"
    ends = {client: end for client, (_, end) in read_update.read(whole.encode()).spans.items()}
    known = white_box.known_clocks(document)
    if ends != known:
        yield f"state vector of the Y document {ends}, of the document {known}"


def unlike(view: View, entries: Entries) -> Iterator[str]:
    """What a view shows that these entries of a Y document do not say, or the other way round; in words."""
    facts = [fact for (root, key), text in entries.items() if (fact := decode(root, key, text)) is not None]
    shown, stored = content_of(view), _spelled(view, facts)
    yield from (
        f"shown but not in the Y document: {root}/{key}" for root, key in sorted(shown.keys() - stored)
    )
    yield from (
        f"in the Y document but not shown: {root}/{key}" for root, key in sorted(stored.keys() - shown)
    )


def _spelled(view: View, facts: Iterator[Fact] | list[Fact]) -> Entries:
    entries = [encode(fact) for fact in facts if not superseded(view, fact)]
    return {(root, key): text for root, key, text in entries}
