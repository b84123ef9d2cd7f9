"""A row that is asked for by its key is found, and what is not there is None."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatdoc.model.events.types import ApprovalResponded, TurnStartRequested
from chatdoc.store.projections import queries
from chatdoc.store.projections.projector import Execute
from chatdoc.store.projections.row_types import Approval, PlacedMessage, Turn
from tests.store.projections.world import (
    World,
    activity,
    answer,
    message,
    moment,
    project,
    session,
    thread,
    whole_turn,
)


def test_message_is_read_with_its_thread() -> None:
    """A streaming one says so."""
    world = World(project(), thread(), answer("a", "half", turn="a", at=3))
    assert queries.message(world.execute, "a") == PlacedMessage(
        id="a",
        thread_id="t",
        role="assistant",
        text="half",
        turn_id="a",
        streaming=True,
        created_at=moment(3),
        updated_at=moment(3),
    )


def test_thread_and_session_are_read_by_the_thread() -> None:
    """Each on its own."""
    world = World(project(), thread(), thread("s"), session("running", "a1", provider_name="codex"))
    of_thread = queries.thread(world.execute, "t")
    of_session = queries.session(world.execute, "t")
    assert of_thread is not None
    assert (of_thread.id, of_thread.latest_turn_id) == ("t", "a1")
    assert of_session is not None
    assert (of_session.status, of_session.provider_name) == ("running", "codex")
    assert queries.session(world.execute, "s") is None


def test_turns_are_read_in_the_order_in_which_they_started() -> None:
    """And each by its id."""
    world = World(project(), thread(), *whole_turn(2), *whole_turn(1))
    assert [turn.turn_id for turn in queries.turns(world.execute, "t")] == ["a1", "a2"]
    assert queries.turn(world.execute, "a1") == Turn(
        turn_id="a1",
        thread_id="t",
        turn_count=1,
        status="completed",
        user_message_id="u1",
        assistant_message_id="a1",
        started_at=moment(11),
        completed_at=moment(13),
    )


def test_pending_approvals_are_those_nobody_answered() -> None:
    """The oldest first, of one thread or of all."""
    world = World(project(), thread(), thread("s"))
    for number, thread_id in ((3, "t"), (2, "s"), (1, "t")):
        asked = activity(f"x{number}", "approval.requested", payload={"requestId": f"r{number}"}, at=number)
        world.happen(type(asked)(thread_id=thread_id, activity=asked.activity))
    accept = ApprovalResponded(thread_id="t", request_id="r3", decision="accept", created_at=moment(9))
    world.happen(accept)
    assert [one.request_id for one in queries.pending_approvals(world.execute)] == ["r1", "r2"]
    assert [one.request_id for one in queries.pending_approvals(world.execute, "t")] == ["r1"]
    assert queries.approval(world.execute, "r3") == Approval(
        request_id="r3",
        thread_id="t",
        turn_id=None,
        status="resolved",
        decision="accept",
        created_at=moment(3),
        resolved_at=moment(9),
    )


def test_starts_that_wait_are_folded_in_their_order() -> None:
    """The order of the log, not that of the clock."""
    world = World(project(), thread(), message("u2"), message("u1"))
    world.happen(TurnStartRequested(thread_id="t", message_id="u2", created_at=moment(9)))
    world.happen(TurnStartRequested(thread_id="t", message_id="u1", created_at=moment(8)))
    rows = world.execute(
        "SELECT message_id, requested_at, sequence FROM pending_turn_starts ORDER BY sequence"
    )
    assert rows.fetchall() == [("u2", moment(9), 5), ("u1", moment(8), 6)]


def test_what_is_not_there_is_none() -> None:
    """No id raises, and nothing is made up."""
    execute: Execute = World(project()).execute
    for read in (queries.message, queries.thread, queries.session, queries.turn, queries.approval):
        assert read(execute, "nowhere") is None
    assert queries.turns(execute, "nowhere") == []
    assert queries.pending_approvals(execute, "nowhere") == []


@pytest.mark.parametrize(
    ("read", "key"),
    [(queries.message, "a1"), (queries.thread, "t"), (queries.session, "t"), (queries.turn, "a1")],
    ids=["message", "thread", "session", "turn"],
)
def test_point_read_is_one_statement(read: Callable[[Execute, str], object], key: str) -> None:
    """One question by a key; nothing is looked at that was not asked for."""
    world = World(project(), thread(), *whole_turn(1))
    seen: list[str] = []
    world.connection.set_trace_callback(seen.append)
    assert read(world.execute, key) is not None
    world.connection.set_trace_callback(None)
    assert len(seen) == 1
    plan = world.rows(f"EXPLAIN QUERY PLAN {seen[0]}")
    assert all("SEARCH" in str(step) for step in plan)
