"""What an update from outside means: the facts it brings, what it destroys, and whose client id was used twice.

New entries are read from the update itself; the Y document is asked only when something was removed or overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chatdoc.records.delta import Loss
from chatdoc.records.facts import LASTING, Fact
from chatdoc.records.known import knows, subject_of, superseded
from chatdoc.records.view import View
from chatdoc.replica.guard import Item, Reading
from chatdoc.replica.layout import decode
from chatdoc.replica.replica import Change, Replica

Entry = tuple[str, str, str]
"""Root, key and text of an entry of the Y document."""


class Gone(NamedTuple):
    """An entry that was removed, or lies under something that is no fact."""

    root: str
    key: str
    text: str
    fact: Fact


class Incoming(NamedTuple):
    """The meaning of one update; `is_new` is false when it told nothing that was not known."""

    is_new: bool
    facts: list[Fact]
    gone: list[Gone]
    unreadable: dict[tuple[str, str], str]
    mended: set[tuple[str, str]]
    """Entries that were unreadable and are facts again."""
    reused: frozenset[int]
    rescued: list[Entry]
    """Entries that Yjs will never show, because their client id was used twice; to be written anew."""

    def judge(self, view: View) -> tuple[list[Gone], list[Fact]]:
        """Those gone that still count, and the superseded facts that may be forgotten; once the new facts are in the view."""
        still = [one for one in self.gone if not superseded(view, one.fact)]
        forgotten = [one.fact for one in self.gone if superseded(view, one.fact) and knows(view, one.fact)]
        return still, forgotten


def read_incoming(
    view: View,
    known: dict[int, int],
    update: bytes,
    reading: Reading,
    replica: Replica,
    warm: Callable[[], Replica],
) -> Incoming:
    """Read an update whose predecessors are all here, and apply it where the whole Y document is loaded or needed."""
    fresh = [item for item in reading.items if item.clock + item.length > known.get(item.client, 0)]
    echoes = (item for item in reading.items if item.clock + item.length <= known.get(item.client, 0))
    reused, rescued = _used_twice(view, echoes)
    facts: list[Fact] = [fact for root, key, text in rescued if (fact := decode(root, key, text)) is not None]
    entries: list[tuple[Entry, Fact]] = []
    unreadable: dict[tuple[str, str], str] = {}
    simple = True
    for item in fresh:
        if item.root is None or item.key is None or item.text is None:
            simple = (
                False  # It continues an entry, or hides one of its key: only the Y document can tell which.
            )
        else:
            fact = decode(item.root, item.key, item.text)
            if fact is None:
                unreadable[item.root, item.key] = item.text
            else:
                entries.append(((item.root, item.key, item.text), fact))
    facts += [fact for _, fact in entries]
    contested = unreadable.keys() | view.unreadable.keys()
    if not (replica.whole or unreadable or not simple or _removes_known(reading)):
        simple = not contested or not any((root, key) in contested for (root, key, _), _ in entries)
        if simple:
            return Incoming(bool(fresh), facts, [], {}, set(), reused, rescued)
    replica = warm()
    changes, _ = replica.receive(update)
    gone: list[Gone] = []
    for change in changes:
        _read_change(change, facts, gone, unreadable)
    for (root, key, text), fact in entries:
        if (root, key) in contested and replica.entry(root, key) != text:
            gone.append(Gone(root, key, text, fact))
    mended = {
        (one.root, one.key)
        for one in changes
        if one.new is not None and (one.root, one.key) not in unreadable
    } & view.unreadable.keys()
    return Incoming(bool(fresh or changes), facts, gone, unreadable, mended, reused, rescued)


def losses_of(gone: Iterable[Gone]) -> tuple[Loss, ...]:
    """What a delta says of destroyed entries, in a fixed order."""
    found = {(one.root, one.key): one for one in gone}
    return tuple(
        Loss(root=one.root, key=one.key, subject=subject_of(one.fact), text=one.text)
        for _, one in sorted(found.items())
    )


def _read_change(
    change: Change,
    facts: list[Fact],
    gone: list[Gone],
    unreadable: dict[tuple[str, str], str],
) -> None:
    place = (change.root, change.key)
    if change.new is not None:
        fact = decode(change.root, change.key, change.new) if isinstance(change.new, str) else None
        if fact is not None:
            facts.append(fact)
            unreadable.pop(place, None)
        else:
            unreadable[place] = str(change.new)
    if isinstance(change.old, str) and change.new != change.old:
        old = decode(change.root, change.key, change.old)
        if old is not None:
            gone.append(Gone(change.root, change.key, change.old, old))


def _used_twice(view: View, echoes: Iterable[Item]) -> tuple[frozenset[int], list[Entry]]:
    """Lasting facts that came under clocks this document has, and that it does not know."""
    reused: set[int] = set()
    rescued: list[Entry] = []
    for item in echoes:
        if item.root is None or item.key is None or item.text is None:
            continue
        fact = decode(item.root, item.key, item.text)
        if isinstance(fact, LASTING) and not knows(view, fact):
            reused.add(item.client)
            rescued.append((item.root, item.key, item.text))
    return frozenset(reused), rescued


def _removes_known(reading: Reading) -> bool:
    """Whether the update removes anything but what it itself brings as already removed."""
    remains: dict[int, list[tuple[int, int]]] = {}
    for item in reading.items:
        if item.text is None:
            remains.setdefault(item.client, []).append((item.clock, item.clock + item.length))
    for client, clock, length in reading.removed:
        reached = clock
        for start, end in remains.get(client, ()):
            if start <= reached < end:
                reached = end
        if reached < clock + length:
            return True
    return False
