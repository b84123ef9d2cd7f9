"""What an update from outside means: the facts it brings, what it destroys, and whose client id was used twice.

New entries are read from the update itself; the Y document is asked only when something was removed or overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from chatdoc.crdt.keys import decode
from chatdoc.crdt.read_update import Item, Reading
from chatdoc.crdt.ydoc import Change, Replica
from chatdoc.model.delta import Loss
from chatdoc.model.facts import Fact
from chatdoc.model.view import apply
from chatdoc.model.view.lookup import knows, subject_of, superseded
from chatdoc.model.view.view import View

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
    """Entries that were unreadable, and are facts again or nothing."""
    reused: frozenset[int]
    rescued: list[Entry]
    """Entries that Yjs will never show, because their client id was used twice; to be written anew."""
    shown: Mapping[tuple[str, str], str | None]
    """What the Y document holds now at each place that was written, where that had to be asked."""

    def settle(self, view: View) -> tuple[list[Gone], frozenset[str]]:
        """Forget superseded facts that are gone, note what is unreadable; once the new facts are in the view.

        Returns those gone that still count, and the entries (`root/key`) that became or ceased to be unreadable.
        """
        # One that came and went in the same update is told of twice.
        gone = {(one.root, one.key): one for one in self.gone}.values()
        done = [one.fact for one in gone if superseded(view, one.fact)]
        still = [one for one in gone if not superseded(view, one.fact)]
        apply.undo(view, [fact for fact in done if knows(view, fact)])
        for place in self.mended:
            view.unreadable.pop(place, None)
        view.unreadable.update(self.unreadable)
        return still, frozenset(f"{root}/{key}" for root, key in (*self.mended, *self.unreadable))


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
    if not (replica.whole or unreadable or view.hidden or not simple or _removes_known(reading)):
        simple = not contested or not any((root, key) in contested for (root, key, _), _ in entries)
        if simple:
            return Incoming(bool(fresh), facts, [], {}, set(), reused, rescued, {})
    replica = warm()
    changes, _ = replica.receive(update)
    gone: list[Gone] = []
    for change in changes:
        _read_change(change, facts, gone)
    # What Yjs shows now, where anything was written: not always what was written last, or in this update.
    shown = {place: replica.entry(*place) for place in unreadable}
    shown |= {(one.root, one.key): one.new for one in changes}
    for (root, key, text), fact in entries:
        if (root, key) not in shown:
            shown[root, key] = replica.entry(root, key)
        if shown[root, key] != text:
            gone.append(Gone(root, key, text, fact))
    astray = {
        place: str(text)
        for place, text in shown.items()
        if text is not None and _fact_at(*place, text) is None
    }
    mended = (shown.keys() - astray.keys()) & view.unreadable.keys()
    return Incoming(bool(fresh or changes), facts, gone, astray, mended, reused, rescued, shown)


def losses_of(gone: Iterable[Gone]) -> tuple[Loss, ...]:
    """What a delta says of destroyed entries, in a fixed order."""
    found = {(one.root, one.key): one for one in gone}
    return tuple(
        Loss(root=one.root, key=one.key, subject=subject_of(one.fact), text=one.text)
        for _, one in sorted(found.items())
    )


def _read_change(change: Change, facts: list[Fact], gone: list[Gone]) -> None:
    new = _fact_at(change.root, change.key, change.new)
    if new is not None:
        facts.append(new)
    old = _fact_at(change.root, change.key, change.old)
    if old is not None and change.old is not None and change.new != change.old:
        gone.append(Gone(change.root, change.key, change.old, old))


def _fact_at(root: str, key: str, value: object) -> Fact | None:
    return decode(root, key, value) if isinstance(value, str) else None


def _used_twice(view: View, echoes: Iterable[Item]) -> tuple[frozenset[int], list[Entry]]:
    """Facts that came under clocks this document has, that count, and that it does not know."""
    reused: set[int] = set()
    rescued: list[Entry] = []
    for item in echoes:
        if item.root is None or item.key is None or item.text is None:
            continue
        fact = decode(item.root, item.key, item.text)
        if fact is not None and not knows(view, fact) and not superseded(view, fact):
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
