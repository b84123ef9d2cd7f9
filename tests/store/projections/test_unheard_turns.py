"""An interrupt may come before anything else is told of its turn, and is kept."""

from __future__ import annotations

import pytest

from chatdoc.model.events.types import Reverted, RevertUndone, TurnInterruptRequested
from tests.store.projections.test_turns import STATUSES, WAITING, begun, row, wanted
from tests.store.projections.world import answer, moment, session


@pytest.mark.parametrize("late", ["session", "pieces", "answer", "nothing"])
def test_interrupt_of_a_turn_that_nobody_told_of_is_a_turn_that_was_interrupted(late: str) -> None:
    """The interrupt came first: what comes of the turn afterwards finds it ended, and its start waits no more."""
    world = begun(wanted("u1", at=2))
    world.happen(TurnInterruptRequested(thread_id="t", turn_id="a1", created_at=moment(5)))
    assert world.rows(STATUSES) == [("a1", "interrupted", moment(5))]
    if late == "session":
        world.happen(session("running", "a1", at=6), session("interrupted", at=7))
        assert row(world, "a1")["user_message_id"] == "u1"
        assert world.rows(WAITING) == []
    elif late != "nothing":
        world.happen(answer("a1", "said too late", turn="a1", streaming=late == "pieces", at=6))
        assert row(world, "a1")["assistant_message_id"] == "a1"
    assert world.rows(STATUSES) == [("a1", "interrupted", moment(7 if late == "session" else 5))]
    world.happen(session("ready", at=8))
    assert world.rows(STATUSES)[0][1] == "interrupted"


def test_interrupt_of_a_turn_that_a_revert_hides_shows_nothing() -> None:
    """It is interrupted where it is, and comes back so."""
    world = begun(session("running", "a1", at=1))
    reverted = world.happen(Reverted(thread_id="t", turn_count=0))
    world.happen(TurnInterruptRequested(thread_id="t", turn_id="a1", created_at=moment(5)))
    assert world.rows(STATUSES) == []
    world.happen(RevertUndone(thread_id="t", revert_sequence=reverted))
    assert world.rows(STATUSES) == [("a1", "interrupted", moment(5))]
