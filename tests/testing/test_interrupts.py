"""Faults of the kit happen when they are asked for, and stored documents keep their promises under them."""

from __future__ import annotations

import contextlib
import sys
import threading

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chatdoc.model.ids import is_ulid
from chatdoc.testing.interrupts import interrupted
from chatdoc.testing.stored_machine import StoredMachine
from tests.examples import examples

FEW = settings(
    StoredMachine.quick,
    phases=[Phase.generate],
    database=None,
    max_examples=examples(StoredMachine.quick.max_examples, least=6),
)
"""Each is a history of its own of three machines."""


def test_an_interrupt_comes_once_at_the_bytecode_that_was_asked_for() -> None:
    """What comes later runs, what comes before has run, and the tracer of before is there again."""
    reached = []
    before = sys.gettrace()
    for after in (1, 5, 10**6):
        with interrupted(after):
            reached.append((after, "before"))
            is_ulid("no id")
            reached.append((after, "after"))
    assert reached == [(1, "before"), (5, "before"), (10**6, "before"), (10**6, "after")]
    assert sys.gettrace() is before
    assert is_ulid("01HF7YAT000000000000000001")


def _within(lock: threading.RLock, given: int) -> int:  # type: ignore[valid-type]
    with lock:  # type: ignore[attr-defined]
        if given:
            return len("a")
        with contextlib.suppress(ValueError):
            given += len("ab")
    return given


def test_no_interrupt_comes_between_a_body_and_the_release_of_its_lock() -> None:
    """A lock that is let go of by `with` is let go of wherever an interrupt comes, as it is with real signals."""
    for given in (0, 1):
        for after in range(1, 100):
            lock = threading.RLock()
            with interrupted(after, rooms=(__name__,)):
                _within(lock, given)
            assert not lock._is_owned(), (given, after)  # type: ignore[attr-defined]


def test_somebody_elses_interrupt_goes_on() -> None:
    """Only the one that was planted is swallowed."""
    with pytest.raises(KeyboardInterrupt), interrupted(10**6):
        raise KeyboardInterrupt


def test_stored_documents_withstand_clocks_that_are_set_by_hand() -> None:
    """Back to 1970 and on to 2099, in the midst of turns, leases and deliveries."""

    class OnWrongClocks(StoredMachine):
        clocks_jump = True

    run_state_machine_as_test(OnWrongClocks, settings=FEW)


def test_a_send_that_was_interrupted_anywhere_is_there_once() -> None:
    """After KeyboardInterrupt between two bytecodes the store holds all of it or nothing, and the retry is taken."""

    class BesideInterrupts(StoredMachine):
        interrupts = True

    run_state_machine_as_test(BesideInterrupts, settings=FEW)
