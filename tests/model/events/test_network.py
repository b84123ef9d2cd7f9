"""Among peers that write, edit and run turns at once over a bad network, every replica's log is true at every step."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.events.derive import begin, derive
from chatdoc.model.events.event import Draft
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.testing.fuzz import Fuzz
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import Writer
from tests.model.events.folding import Folded
from tests.model.events.truth import assert_tables, assert_true
from tests.store.projections.world import World

NOW = iso(9_000)
STEPS = 160


class Watched(NamedTuple):
    """A replica's view, and the log of it."""

    view: View
    log: list[Draft]


class Watch:
    """Derives the events of every change of the views it knows, as the engine enters it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs: dict[int, Watched] = {}
        self._last: tuple[Any, View, list[Draft]] | None = None
        self._apply, self._undo = apply.apply, apply.undo
        monkeypatch.setattr(apply, "apply", self.apply)
        monkeypatch.setattr(apply, "undo", self.undo)

    def know(self, view: View) -> Watched:
        """The log of a view; it begins now for one that was not seen before."""
        if id(view) not in self.logs:
            self.logs[id(view)] = Watched(view, list(begin(view, project_id="p", now_iso=NOW)))
        self.take()
        return self.logs[id(view)]

    def apply(self, view: View, *args: Any, **kwargs: Any) -> Any:
        """Enter facts, and derive; what is told stands once it is not taken back."""
        self.take()
        delta, added = self._apply(view, *args, **kwargs)
        if id(view) in self.logs and added:
            self._last = (added, view, derive(view, delta, added, project_id="p", now_iso=NOW))
        return delta, added

    def undo(self, view: View, facts: Any) -> None:
        """Take facts out; those that were just entered were never told."""
        if self._last is not None and facts is self._last[0]:
            self._last = None
        self._undo(view, facts)

    def take(self) -> None:
        """Let what was derived last stand."""
        if self._last is not None:
            self.logs[id(self._last[1])].log.extend(self._last[2])
            self._last = None


@pytest.mark.parametrize("seed", range(8))
def test_log_of_every_replica_is_true_at_every_step(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever peers, hostile ones too, send in whatever order, the events tell what each replica shows."""
    watch = Watch(monkeypatch)
    fuzz = Fuzz(2 + seed % 2, seed, hostile=seed % 3 == 0)
    readers: dict[int, tuple[Folded, int]] = {}
    for document in fuzz.network.documents:
        watch.know(document.view)
    for _ in range(STEPS):
        fuzz.step()
        for document in fuzz.network.documents:
            view, log = watch.know(document.view)
            folded, reached = readers.get(id(view), (Folded(), 0))
            folded.fold(log[reached:])
            readers[id(view)] = folded, len(log)
            assert_true(folded, view)


@pytest.mark.parametrize("seed", range(6))
def test_tables_tell_what_the_log_tells(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The read tables folded from a replica's log show what its view shows."""
    watch, random = Watch(monkeypatch), Random(seed)
    network, writer, world = Network(2, seed=seed), Writer(random, Oracle()), World()
    view, log = watch.know(network.documents[0].view)
    folded, reached = Folded(), 0
    for _ in range(STEPS):
        network.tick()
        writer.act(random.choice(network.documents))
        if random.random() < 0.6:
            network.step()
        watch.take()
        if len(log) > reached:
            world.happen(*(draft.payload for draft in log[reached:]))
            folded.fold(log[reached:])
            reached = len(log)
            assert_tables(world.connection, folded)
    assert_true(folded, view)
    assert len(log) > STEPS // 4
