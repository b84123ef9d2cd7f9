"""A thread's state and the message it names as active agree on whether the turn is over."""

from __future__ import annotations

import pytest

from chatdoc.model.commands.repairs import FinishMessage
from chatdoc.model.records.thread_state import State
from tests.invariants.watched import GOOD, ROOT, T1, C, D, Watched, mark, message, piece, revision, state

TURN = (*GOOD, message(C, ROOT, generating=True), state("running", C))


def test_turn_from_start_to_end_breaks_nothing() -> None:
    """Start, stream, and finalize in one transaction."""
    watched = Watched(*TURN, piece(C))
    assert watched.checker.ledger() == {}
    watched.add(revision(C), mark(C, "generating", False), state("complete", C, stamp=2))
    assert watched.checker.ledger() == {}


@pytest.mark.parametrize("end", ["idle", "interrupted", "error", "complete"])
def test_message_of_a_turn_that_is_over_is_finished_safely(end: State) -> None:
    """Its own thread says the turn is over; the repair heals."""
    watched = Watched(*TURN)
    outcome = watched.add(state(end, C, stamp=2))
    assert set(watched.broken("finalize_mismatch")) == {T1}
    assert outcome.repairs == (FinishMessage(message_id=C),)
    assert watched.execute(outcome.repairs[0]) == []
    assert watched.checker.ledger() == {}


def test_finishing_mark_that_was_merely_late_agrees_with_the_repair() -> None:
    """It comes with a greater stamp, says the same, and nothing is broken again."""
    watched = Watched(*TURN)
    for repair in watched.add(state("complete", C, stamp=2)).repairs:
        watched.execute(repair)
    watched.add(mark(C, "generating", False, stamp=2), revision(C))
    assert watched.checker.ledger() == {}


def test_turn_begun_anew_wins_over_the_repair() -> None:
    """Its stamps are later."""
    watched = Watched(*TURN)
    for repair in watched.add(state("error", C, stamp=2)).repairs:
        watched.execute(repair)
    watched.add(state("running", C, stamp=3), mark(C, "generating", True, stamp=3))
    assert C in watched.view.generating
    assert watched.checker.ledger() == {}


def test_streamed_text_makes_the_repair_a_persons_decision_and_is_kept_by_it() -> None:
    """Pieces may be late; finishing writes down those that are shown."""
    watched = Watched(*TURN, piece(C, 0, "Hel"), piece(C, 1, "lo"))
    outcome = watched.add(state("interrupted", C, stamp=2))
    assert outcome.repairs == ()
    assert watched.execute(FinishMessage(message_id=C)) == []
    shown = watched.view.message(C)
    assert shown is not None
    assert (shown.content, shown.generating) == ("Hello", False)
    watched.add(revision(C, "Hello, the whole answer"))
    shown = watched.view.message(C)
    assert shown is not None
    assert shown.content == "Hello, the whole answer"


def test_running_state_of_a_finished_message_is_told() -> None:
    """The state may be late, so there is no repair."""
    watched = Watched(*GOOD, message(C, ROOT), state("running", C))
    assert watched.broken("finalize_mismatch")[T1].repair is None
    watched.add(state("complete", C, stamp=2))
    assert watched.checker.ledger() == {}


def test_turn_of_another_replica_is_not_judged_by_a_state_that_won() -> None:
    """Ending one turn is never refused because another message is generating."""
    watched = Watched(*TURN, message(D, ROOT, generating=True))
    end = [revision(C), mark(C, "generating", False), state("complete", C, stamp=2)]
    assert watched.enter(end, command="FinalizeTurn") == []
    assert watched.broken("finalize_mismatch") == {}
    assert set(watched.broken("stale_generating")) == {D}
