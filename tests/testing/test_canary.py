"""A fuzzer that finds nothing must be able to find something: each defect planted here is caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chatdoc.crdt import interpret
from chatdoc.crdt.pending import Pending
from chatdoc.crdt.restore import Restores
from chatdoc.crdt.ydoc import Replica
from chatdoc.engine import receive
from chatdoc.engine.log_diff import LogDiff
from chatdoc.model.delta import Delta
from chatdoc.model.facts import RevisionFact
from chatdoc.model.ids import Mint
from chatdoc.model.view import add_fact
from chatdoc.testing.fuzz import fuzz
from chatdoc.testing.machine import NetworkMachine
from chatdoc.testing.promises import PromiseBroken
from invariants.checker import Checker

Plant = Callable[[pytest.MonkeyPatch], None]


def last_revision_wins(patch: pytest.MonkeyPatch) -> None:
    """A later text of a message replaces the one before it."""
    add = add_fact.ADD[RevisionFact]

    def overwrite(view: object, fact: RevisionFact, touched: object) -> bool:
        view.revisions.pop(fact.message_id, None)  # type: ignore[attr-defined]
        return bool(add(view, fact, touched))

    patch.setitem(add_fact.ADD, RevisionFact, overwrite)


def nothing_is_held_back(patch: pytest.MonkeyPatch) -> None:
    """Updates are applied before what they build on."""
    patch.setattr(receive, "missing", lambda reading, known: {})


def held_back_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What came too early is dropped, and its sender is not asked again."""
    patch.setattr(Pending, "hold", lambda self, update, reading: True)
    patch.setattr(LogDiff, "since", lambda self, theirs, known: b"\x00\x00")


def nothing_is_put_back(patch: pytest.MonkeyPatch) -> None:
    """What a peer removes is gone."""
    patch.setattr(Restores, "due", lambda self, destroyed: [])


def removals_are_forgiven(patch: pytest.MonkeyPatch) -> None:
    """Whatever a peer removes is taken for superseded, and forgotten."""
    patch.setattr(interpret, "superseded", lambda view, fact: True)


def garbage_is_read_from_updates(patch: pytest.MonkeyPatch) -> None:
    """What an update says is believed, though the Y document shows something else."""
    patch.setattr(interpret, "_removes_known", lambda reading: False)
    patch.setattr(Replica, "entry", lambda self, root, key: None)


def clocks_are_trusted(patch: pytest.MonkeyPatch) -> None:
    """A stamp is minted from the clock alone, also below one its writer has seen."""
    mint = Mint.mint
    patch.setattr(Mint, "mint", lambda self, above="": mint(self))


def a_delta_is_not_followed(patch: pytest.MonkeyPatch) -> None:
    """The ledger of violations misses what became of messages."""
    follow = Checker.follow

    def lazy(self: Checker, delta: Delta) -> object:
        return follow(self, Delta(origin="lazy") if delta.messages else delta)

    patch.setattr(Checker, "follow", lazy)


PLANTS: tuple[tuple[Plant, bool], ...] = (
    (last_revision_wins, False),
    (nothing_is_held_back, False),
    (held_back_is_forgotten, False),
    (nothing_is_put_back, True),
    (removals_are_forgiven, True),
    (garbage_is_read_from_updates, True),
    (clocks_are_trusted, False),
    (a_delta_is_not_followed, True),
)


@pytest.mark.parametrize("plant", [plant for plant, _ in PLANTS], ids=lambda plant: plant.__name__)
def test_the_machine_finds_a_planted_defect_within_its_quick_profile(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever subclasses the machine need not raise any number to find what we could plant, and is told the promise."""
    plant(monkeypatch)
    without_shrinking = settings(
        NetworkMachine.quick, phases=[Phase.generate], database=None, derandomize=True
    )
    with pytest.raises(PromiseBroken):
        run_state_machine_as_test(NetworkMachine, settings=without_shrinking)


@pytest.mark.parametrize(
    ("plant", "hostile"), PLANTS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_planted_defect_is_caught(plant: Plant, hostile: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one of a few short runs fails, and says at which step."""
    plant(monkeypatch)
    reports = (fuzz(steps=150, replicas=3, seed=seed, hostile=hostile) for seed in range(4))
    assert any(report.problems and report.problems[0].startswith("step ") for report in reports)
