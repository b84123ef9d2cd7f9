"""A turn whose end no session tells has its end told by itself, once."""

from __future__ import annotations

import pytest

from chatdoc.model.events.types import TurnEnd, TurnEnded
from tests.model.events.making import ANSWER, ASK, STAMPED, T, Told, mark, state, thread, writing


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("acp_usage", {}, "completed"), ("acp_interrupted", True, "interrupted"), ("acp_error", "no", "error")],
)
def test_end_of_a_turn_beside_the_active_one_is_told(field: str, value: object, status: TurnEnd) -> None:
    """Its thread's session is about another turn, so the event says itself how it ended."""
    told = Told(thread(), writing(), state("running", ASK))
    end = [mark("generating", False, message_id=ANSWER), mark(field, value, message_id=ANSWER)]
    over = TurnEnded(thread_id=T, turn_id=ANSWER, status=status, ended_at=STAMPED)
    assert over in told.tell(*end)


def test_end_of_the_active_turn_is_told_by_its_session_alone() -> None:
    """Nothing is told twice."""
    told = Told(thread(), writing(), state("running", ANSWER))
    end = [mark("generating", False, message_id=ANSWER), state("complete", ANSWER, 2)]
    assert not any(isinstance(one, TurnEnded) for one in told.tell(*end))
