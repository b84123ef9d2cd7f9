"""The public tools for fuzzing one's own writers do what their documentation says."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test

import chatdoc.testing
from chatdoc.document import Document
from chatdoc.testing import ManualClock, Network, fuzz, machine
from chatdoc.testing.machine import NetworkMachine, numbers
from chatdoc.testing.promises import LEDGER
from tests.examples import examples
from tests.tidy.source import PROJECT

QUICK = settings(NetworkMachine.quick, max_examples=examples(NetworkMachine.quick.max_examples))


@pytest.mark.parametrize("module", [chatdoc.testing, machine], ids=lambda module: module.__name__)
def test_examples_in_the_documentation_run(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docstring's example is the one somebody copies, so it is a test; it fuzzes a writer that is not ours."""
    monkeypatch.setattr(NetworkMachine, "quick", QUICK)
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried > 3
    assert not failed


def test_a_writer_that_cheats_is_caught() -> None:
    """One that drops a fact it acknowledged fails, whatever rule it is written as."""

    class WithACheat(NetworkMachine):
        @rule(number=numbers)
        def acknowledge_and_forget(self, number: int) -> None:
            document: Document = self.document(number)
            thread = document.create_thread(sender_id="cheat", content="promised")
            self.saw(document, thread.thread_id)
            self.oracle.threads.add("01HF7YAT000000000000000001")

    without_shrinking = settings(WithACheat.quick, phases=[Phase.generate], database=None, derandomize=True)
    with pytest.raises(AssertionError, match="is gone"):
        run_state_machine_as_test(WithACheat, settings=without_shrinking)


def test_the_machine_of_its_own_finds_nothing() -> None:
    """Our own writers pass the machine others subclass."""
    run_state_machine_as_test(NetworkMachine, settings=QUICK)


def test_one_seed_gives_one_run() -> None:
    """The report of a seed is the same every time, but for the time it took."""
    one, other = (fuzz(steps=60, replicas=3, seed=5, clock=lambda: 0) for _ in range(2))
    assert one == other
    assert one.ok
    assert sum(one.done.values()) == 60
    assert fuzz(steps=60, replicas=3, seed=6, clock=lambda: 0).done != one.done


def test_a_failing_run_names_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks ends the run and is told; the seed in the report repeats it."""

    def broken(self: Document, *, full: bool = True) -> object:
        raise AssertionError("planted")

    monkeypatch.setattr(Document, "check", broken)
    report = fuzz(steps=5, replicas=2, seed=1)
    assert (report.ok, report.problems) == (False, (f"step 1: {LEDGER}\n  planted",))


def test_less_than_two_replicas_are_refused() -> None:
    """Nothing can be merged with nobody."""
    with pytest.raises(ValueError, match="at least 2"):
        fuzz(replicas=1)


def test_a_clock_is_set_by_hand() -> None:
    """It stands, and moves both ways, never before 1970."""
    clock = ManualClock(1000)
    assert (clock(), clock()) == (1000, 1000)
    clock.advance(-5000)
    assert clock() == 0


def test_a_network_tells_which_documents_differ() -> None:
    """Before everything is delivered, the comparison fails and names what differs."""
    network = Network(2, seed=1)
    network.documents[0].create_thread(sender_id="ada", content="root")
    with pytest.raises(AssertionError, match="documents 0 and 1 differ"):
        network.assert_converged()
    network.settle()
    network.assert_converged()


def test_fuzzing_needs_no_hypothesis() -> None:
    """`chatdoc fuzz` runs where only what users install is installed."""
    program = "import sys; sys.modules['hypothesis'] = None; from chatdoc.testing import fuzz; assert fuzz(9, 2, 1).ok"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=PROJECT, timeout=60)
