"""Stored documents keep their promises in random histories of turns, crashes, redelivered commands and peers."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from chatdoc.engine import begin_event_log
from chatdoc.model.errors import CommandRefused
from chatdoc.testing import fuzz_stored, stored, stored_machine
from chatdoc.testing.stored import StoredFuzz
from chatdoc.testing.stored_machine import StoredMachine, numbers
from chatdoc.testing.white_box import execute_of
from tests.examples import examples

COPIES = ("copy", "copy?")
"""Counted beside the saving that goes before."""


@pytest.mark.parametrize("seed", range(3))
def test_stored_documents_keep_every_promise_after_every_step(seed: int) -> None:
    """Two processes on one machine, one on each of two others, and another document beside."""
    report = fuzz_stored(steps=100, seed=seed)
    assert report.ok, report.problems[0]
    assert sum(count for deed, count in report.done.items() if deed not in COPIES) == 100


@pytest.mark.parametrize("long_min", [0, begin_event_log.LONG_MIN], ids=["told on first use", "told at once"])
@pytest.mark.parametrize("seed", range(2))
def test_copies_stay_apart_in_random_histories(
    seed: int, long_min: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in a file when it is copied, and whatever is done in the copy."""
    monkeypatch.setattr(begin_event_log, "LONG_MIN", long_min)
    monkeypatch.setitem(stored.DEEDS, "save", 40)
    report = fuzz_stored(steps=60, seed=seed)
    assert report.ok, report.problems[0]
    assert report.done["copy"] > 5


def test_examples_of_the_stored_machine_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The docstring's example is the one somebody copies; it lets an agent loose that is not ours."""
    few = settings(StoredMachine.quick, max_examples=examples(StoredMachine.quick.max_examples, least=6))
    monkeypatch.setattr(StoredMachine, "quick", few)
    failed, tried = doctest.testmod(stored_machine)
    assert tried > 3
    assert not failed


def test_an_agent_that_cheats_is_caught() -> None:
    """One that writes into the log behind everybody's back fails, whatever rule it is written as."""

    class WithACheat(StoredMachine):
        @rule(number=numbers)
        def take_a_receipt_away(self, number: int) -> None:
            document = self.document(number)
            document.create_thread(sender_id="cheat", content="promised", command_id=f"cheat-{number}")
            execute_of(document)("DELETE FROM orchestration_command_receipts")

    without_shrinking = settings(WithACheat.quick, phases=[Phase.generate], database=None, derandomize=True)
    with pytest.raises(AssertionError, match=r"receipt"):
        run_state_machine_as_test(WithACheat, settings=without_shrinking)


def test_one_seed_gives_one_run_of_stored_documents(tmp_path: Path) -> None:
    """The report of a seed is the same every time, but for the time it took, wherever the folder is."""
    one = fuzz_stored(steps=30, seed=5, clock=lambda: 0)
    other = fuzz_stored(steps=30, seed=5, folder=tmp_path, clock=lambda: 0)
    assert one == other
    assert one.ok
    assert list(tmp_path.rglob("team.chat"))


def test_a_failing_run_of_stored_documents_names_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks ends the run and is told."""

    def broken(self: StoredFuzz) -> None:
        raise AssertionError("planted")

    monkeypatch.setattr(StoredFuzz, "step", broken)
    assert fuzz_stored(steps=5, seed=1).problems == ("step 1: AssertionError: planted",)


def test_seed_130_has_a_thread_with_a_turn_that_its_state_does_not_show() -> None:
    """Two replicas began turns, and one was ended: whoever goes by the state alone is refused, as the example says."""
    machine = StoredMachine()
    try:
        machine.begin(seed=130)
        machine.reopen(crash=False, number=292)
        document = machine.document(4422)
        [waiting] = [one.thread_id for one in document.threads() if document.agents.queue(one.thread_id)]
        state = document.state(waiting)
        assert state is not None
        assert state.state == "interrupted"
        with pytest.raises(CommandRefused, match="it is running"):
            document.agents.start_next(waiting, sender_id="my agent")
    finally:
        machine.teardown()
