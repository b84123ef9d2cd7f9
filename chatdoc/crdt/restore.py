"""Anti-entropy with back-off: what somebody destroys is put back, a few times at once and then ever more rarely.

It never ends, so who destroys again and again does not win; and he costs no more than one write for each wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chatdoc.crdt.interpret import Entry
from chatdoc.crdt.keys import decode
from chatdoc.crdt.ydoc import Replica
from chatdoc.model.view.hidden import Hidden, Place, add, discard
from chatdoc.model.view.lookup import subject_of, superseded
from chatdoc.model.view.view import View

RESTORES_AT_ONCE = 8
"""How often one entry is put back at once; from then on its restoration waits."""
WAIT_MS_MIN = 1_000
WAIT_MS_MAX = 300_000
"""The first wait, and the longest; each is twice the one before."""


class Destroyed(NamedTuple):
    """An entry that was removed or overwritten, and the origin of the update that did it."""

    root: str
    key: str
    text: str
    origin: str


class Restores:
    """How often each entry was put back in this session, and when the next restoration of each is due.

    Counts only grow: an entry that was put back, and one that a failed transaction did not put back, are counted.
    """

    def __init__(self) -> None:
        self._count: Counter[Place] = Counter()
        self._waits: dict[Place, tuple[int, int]] = {}
        """Since when an entry waits, and until when."""
        self._window: tuple[int, int] | None = None
        """The latest beginning and the earliest end of all waits; None while none is known to wait."""
        self._destroyed_by: Counter[str] = Counter()

    def due(self, destroyed: Iterable[Destroyed], now_ms: int, *, at_once: bool = False) -> list[Destroyed]:
        """The entries to write again now, in a fixed order; the others wait from now on, or go on waiting.

        `at_once` lets none wait. Until `settle` hears that they are stored, those to write wait for their next time, so
        a write that fails is tried again when that is over.
        """
        due = []
        for place, one in sorted({one[:2]: one for one in destroyed}.items()):
            if at_once or self._is_due(place, now_ms):
                self._waits.pop(place, None)
                self._count[place] += 1
                if self._count[place] >= RESTORES_AT_ONCE:
                    self._waits[place] = now_ms, now_ms + self._wait_ms(place)
                due.append(one)
        self._window = None if not self._waits else self._window_of_all()
        return due

    def put_off(self, places: Iterable[Place], now_ms: int) -> None:
        """Let entries wait that another process found destroyed and left so; it may be gone when the wait is over."""
        for place in places:
            self._waits.setdefault(place, (now_ms, now_ms + self._wait_ms(place)))
        self._window = None if not self._waits else self._window_of_all()

    def settle(self, places: Iterable[Place]) -> None:
        """Let entries wait no more that are back, or count no more."""
        for place in places:
            self._waits.pop(place, None)
        self._window = None if not self._waits else self._window_of_all()

    def is_any_due(self, now_ms: int) -> bool:
        """Whether a wait is over, or began in what is the future now, because the clock was set back."""
        return self._window is None or now_ms < self._window[0] or now_ms >= self._window[1]

    def count(self, origin: str) -> int:
        """Count an update of an origin that destroyed something; returns how many those are."""
        self._destroyed_by[origin] += 1
        return self._destroyed_by[origin]

    def _is_due(self, place: Place, now_ms: int) -> bool:
        wait = self._waits.get(place)
        if wait is not None:
            return now_ms < wait[0] or now_ms >= wait[1]
        if self._count[place] < RESTORES_AT_ONCE:
            return True
        self._waits[place] = now_ms, now_ms + self._wait_ms(place)
        return False

    def _wait_ms(self, place: Place) -> int:
        steps = max(0, self._count[place] - RESTORES_AT_ONCE)
        return min(WAIT_MS_MAX, WAIT_MS_MIN << min(steps, 20))

    def _window_of_all(self) -> tuple[int, int]:
        return max(since for since, _ in self._waits.values()), min(end for _, end in self._waits.values())


def still_gone(view: View, replica: Replica, torn: Iterable[Destroyed]) -> list[Destroyed]:
    """The entries that the whole document has not, and that still count: what superseded them may have come since."""
    gone = [one for one in torn if replica.entry(one.root, one.key) != one.text]
    facts = [(one, decode(*one[:3])) for one in gone]
    return [one for one, fact in facts if fact is None or not superseded(view, fact)]


def hide(view: View, waiting: Iterable[Destroyed]) -> frozenset[str]:
    """Note what whoever joins does not get until it is put back; returns the records of which more is hidden now."""
    facts = [(one, decode(*one[:3])) for one in waiting]
    return frozenset(
        subject_of(fact)
        for one, fact in facts
        if fact is not None and add(view.hidden, subject_of(fact), Hidden(*one, fact=fact))
    )


def reveal(view: View, shown: Mapping[Place, str | None]) -> tuple[list[Place], frozenset[str]]:
    """Forget what was hidden of these entries and stands in the Y document now; returns places and records of it."""
    places: list[Place] = []
    records = set()
    if view.hidden:
        for (root, key), text in shown.items():
            fact = decode(root, key, text) if text is not None else None
            if fact is not None and discard(view.hidden, subject_of(fact), (root, key)):
                places.append((root, key))
                records.add(subject_of(fact))
    return places, frozenset(records)


def heal(view: View, written: Iterable[Entry]) -> frozenset[str]:
    """Forget what lay unreadable where these entries stand now; returns those places."""
    if not view.unreadable:
        return frozenset()
    places = [(root, key) for root, key, _ in written if (root, key) in view.unreadable]
    for place in places:
        del view.unreadable[place]
    return frozenset(f"{root}/{key}" for root, key in places)
