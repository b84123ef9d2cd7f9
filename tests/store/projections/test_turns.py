"""A turn begins from the start that waited for it and ends when its session or its checkpoint says so."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.model.events.types import (
    Payload,
    Reverted,
    RevertUndone,
    SessionStatus,
    TurnEnd,
    TurnEnded,
    TurnInterruptRequested,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.store.projections.fold import catch_up
from tests.store.projections.world import World, answer, checkpoint, moment, project, session, thread

STATUSES = "SELECT turn_id, status, completed_at FROM projection_thread_turns ORDER BY turn_id"
COUNTS = "SELECT turn_id, turn_count FROM projection_thread_turns ORDER BY turn_id"
WAITING = "SELECT message_id FROM pending_turn_starts ORDER BY sequence"


def begun(*payloads: Payload) -> World:
    """A thread in which these things happened."""
    return World(project(), thread(), *payloads)


def wanted(message_id: str, at: int = 2) -> TurnStartRequested:
    """A start is asked for."""
    return TurnStartRequested(thread_id="t", message_id=message_id, created_at=moment(at))


def row(world: World, turn_id: str) -> dict[str, Any]:
    """A turn's row by column."""
    cursor = world.connection.execute("SELECT * FROM projection_thread_turns WHERE turn_id = ?", (turn_id,))
    return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def test_running_session_begins_the_turn_that_waited() -> None:
    """The turn names the message that asked for it and the moment it was asked, and waits no more."""
    world = begun(wanted("u1", at=2), session("running", "a1", at=5))
    assert row(world, "a1") == {
        "turn_id": "a1",
        "thread_id": "t",
        "turn_count": None,
        "status": "running",
        "user_message_id": "u1",
        "assistant_message_id": None,
        "started_at": moment(2),
        "completed_at": None,
    }
    assert world.rows(WAITING) == []


def test_session_says_which_start_it_answers() -> None:
    """A message that was sent now goes before one that waited longer, and the other goes on waiting."""
    world = begun(wanted("u1"), wanted("u2"), session("running", "a2", user="u2"))
    assert row(world, "a2")["user_message_id"] == "u2"
    assert world.rows(WAITING) == ["u1"]


def test_first_start_that_waits_is_taken_first() -> None:
    """Without a word from the session, starts are taken in the order in which they were asked for."""
    world = begun(wanted("u1"), wanted("u2"), session("running", "a1"), session("running", "a2"))
    assert [row(world, turn)["user_message_id"] for turn in ("a1", "a2")] == ["u1", "u2"]


def test_turn_that_answers_nothing_takes_no_start() -> None:
    """A run of an automation leaves those alone that wait for their turn."""
    world = begun(wanted("u1"), session("running", "a1", user=None))
    assert row(world, "a1")["user_message_id"] is None
    assert world.rows(WAITING) == ["u1"]


@pytest.mark.parametrize("status", ["interrupted", "error"])
def test_turn_that_came_whole_ended_as_its_session_says(status: SessionStatus) -> None:
    """Its finished message made it look completed; one that was completed long ago is not touched by another's end."""
    world = begun(
        answer("a1", turn="a1", streaming=False),
        answer("a2", turn="a2", streaming=False),
        session(status, ended_turn_id="a2", at=7),
    )
    assert [row(world, turn)["status"] for turn in ("a1", "a2")] == ["completed", status]


def test_session_that_repeats_itself_takes_no_second_start() -> None:
    """A turn that knows its message leaves the next one in the queue."""
    world = begun(wanted("u1"), session("running", "a1"), wanted("u2"), session("running", "a1"))
    assert world.rows(WAITING) == ["u2"]
    assert row(world, "a1")["user_message_id"] == "u1"


def test_withdrawn_start_waits_no_more() -> None:
    """And no turn begins from it."""
    world = begun(wanted("u1"), TurnStartWithdrawn(thread_id="t", message_id="u1", created_at=moment(3)))
    assert world.rows(WAITING) == []
    world.happen(session("running", "a1"))
    assert row(world, "a1")["user_message_id"] is None


def test_restores_pending_turn_start_metadata_across_restart() -> None:
    """A start that was folded before a restart is there when the session runs after it."""
    world = begun(wanted("u1", at=2))
    restarted = World()
    restarted.connection = world.connection
    restarted.execute = world.connection.execute
    restarted.events = world.events
    restarted.happen(session("running", "a1", at=9))
    assert row(restarted, "a1")["user_message_id"] == "u1"
    assert row(restarted, "a1")["started_at"] == moment(2)


def test_keeps_the_turn_running_across_interim_assistant_messages() -> None:
    """A finished message of the assistant is not the end of its turn; the turn names the latest one."""
    world = begun(session("running", "turn"), answer("a1", "first", turn="turn", streaming=False))
    assert world.rows(STATUSES) == [("turn", "running", None)]
    world.happen(answer("a2", "second", turn="turn", streaming=False))
    assert world.rows(STATUSES) == [("turn", "running", None)]
    assert row(world, "turn")["assistant_message_id"] == "a2"


def test_answer_before_its_session_belongs_to_the_same_turn() -> None:
    """Whichever comes first, message or session, the turn has the message, the question and its start."""
    world = begun(wanted("u1", at=2), answer("a1", "", turn="a1", at=5), session("running", "a1", at=5))
    turn = row(world, "a1")
    assert (turn["status"], turn["user_message_id"], turn["assistant_message_id"]) == ("running", "u1", "a1")
    assert turn["started_at"] == moment(2)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("ready", "completed"),
        ("idle", "completed"),
        ("error", "error"),
        ("interrupted", "interrupted"),
        ("stopped", "interrupted"),
    ],
)
def test_session_that_leaves_running_settles_the_running_turn(said: SessionStatus, status: str) -> None:
    """At the moment the session names; a turn that ended before keeps its end."""
    world = begun(session("running", "a1", at=1), session("ready", at=2), session("running", "a2", at=3))
    world.happen(session(said, at=9))
    assert world.rows(STATUSES) == [("a1", "completed", moment(2)), ("a2", status, moment(9))]


def test_starting_session_settles_nothing() -> None:
    """A session that starts again has not said how the turn ended."""
    world = begun(session("running", "a1"), session("starting"))
    assert world.rows(STATUSES) == [("a1", "running", None)]


def test_session_settles_only_turns_of_its_thread() -> None:
    """A turn of another thread goes on."""
    world = begun(thread("s"), session("running", "a1"), session("running", "b1", thread_id="s"))
    world.happen(session("ready", at=4))
    assert world.rows(STATUSES) == [("a1", "completed", moment(4)), ("b1", "running", None)]


def test_settles_a_superseded_running_turn() -> None:
    """When another turn becomes the active one, the one that ran before is completed at that moment."""
    world = begun(session("running", "a1", at=1), session("running", "a2", at=6))
    assert world.rows(STATUSES) == [("a1", "completed", moment(6)), ("a2", "running", None)]


def test_interrupted_turn_stays_interrupted_when_its_session_is_ready() -> None:
    """An agent that was stopped reports that it is ready; its turn was not completed by that."""
    world = begun(session("running", "a1"))
    world.happen(TurnInterruptRequested(thread_id="t", turn_id="a1", created_at=moment(5)))
    world.happen(session("ready", at=8))
    assert world.rows(STATUSES) == [("a1", "interrupted", moment(5))]


def test_interrupt_without_a_turn_means_the_running_one() -> None:
    """Turns that ended before are not touched."""
    world = begun(session("running", "a1", at=1), session("running", "a2", at=2))
    world.happen(TurnInterruptRequested(thread_id="t", created_at=moment(5)))
    assert world.rows(STATUSES) == [("a1", "completed", moment(2)), ("a2", "interrupted", moment(5))]


def test_interrupted_turn_may_run_on() -> None:
    """Its session runs it again; a completed one stays completed."""
    world = begun(session("running", "a1"), session("interrupted"), session("running", "a1"))
    assert world.rows(STATUSES) == [("a1", "running", None)]
    world.happen(session("ready", at=5), session("running", "a1", at=6))
    assert world.rows(STATUSES) == [("a1", "completed", moment(5))]


def test_turn_without_checkpoint_has_no_count() -> None:
    """Only a checkpoint numbers a turn."""
    world = begun(session("running", "a1"), session("ready"))
    assert world.rows(COUNTS) == [("a1", None)]
    world.happen(checkpoint("a1", 1))
    assert world.rows(COUNTS) == [("a1", 1)]


def test_resolves_turn_count_conflicts() -> None:
    """Of two turns with one count the one whose checkpoint came last has it."""
    world = begun(checkpoint("a1", 1), checkpoint("a2", 1))
    assert world.rows(COUNTS) == [("a1", None), ("a2", 1)]


def test_counts_of_other_threads_do_not_conflict() -> None:
    """Each thread counts its own turns."""
    world = begun(thread("s"), checkpoint("a1", 1), checkpoint("b1", 1, thread_id="s"))
    assert world.rows(COUNTS) == [("a1", 1), ("b1", 1)]


@pytest.mark.parametrize(
    ("said", "status"), [("ready", "completed"), ("missing", "completed"), ("error", "error")]
)
def test_checkpoint_ends_a_running_turn(said: Any, status: str) -> None:
    """At the moment it was taken; one that failed makes the turn an error."""
    world = begun(session("running", "a1"), checkpoint("a1", 1, status=said, at=7))
    assert world.rows(STATUSES) == [("a1", status, moment(7))]


def test_checkpoint_of_an_interrupted_turn_leaves_it_interrupted() -> None:
    """What an interrupted turn left in the files does not complete it, and its end stays."""
    world = begun(session("running", "a1"), session("interrupted", at=3), checkpoint("a1", 1, at=7))
    assert world.rows(STATUSES) == [("a1", "interrupted", moment(3))]


def test_checkpoint_that_names_a_turn_of_another_thread_changes_no_turn() -> None:
    """Whatever an agent mixes up, the log is folded; the turn keeps the count it has in its own thread."""
    world = World(project(), thread("t"), thread("s"), checkpoint("a", 1), checkpoint("b", 2))
    world.happen(checkpoint("b", 1, thread_id="s"))
    counts = "SELECT turn_id, thread_id, turn_count FROM projection_thread_turns ORDER BY turn_id"
    assert world.rows(counts) == [("a", "t", 1), ("b", "t", 2)]
    assert world.tables() == world.rebuilt()


@pytest.mark.parametrize("status", ["completed", "interrupted", "error"])
def test_turn_beside_the_active_one_ends_as_is_told(status: TurnEnd) -> None:
    """The active one goes on; what ended as something else is not told to be over again."""
    world = World(project(), thread(), session("running", "a"), answer("b", turn="b"))
    ended = TurnEnded(thread_id="t", turn_id="b", status=status, ended_at=moment(7))
    world.happen(ended)
    rows = "SELECT turn_id, status, completed_at FROM projection_thread_turns ORDER BY turn_id"
    assert world.rows(rows) == [("a", "running", None), ("b", status, moment(7))]
    world.happen(session("ready", None))
    assert world.rows(rows)[1] == ("b", status, moment(7))


@pytest.mark.parametrize("how", ["session", "event"])
def test_turn_that_ends_while_a_revert_hides_it_is_over_when_it_comes_back(how: str) -> None:
    """No turn runs for ever because nobody saw it end, and none is shown meanwhile."""
    world = World(project(), thread(), session("running", "a"), answer("a", turn="a"))
    sequence = world.happen(Reverted(thread_id="t", turn_count=0))
    ended = TurnEnded(thread_id="t", turn_id="a", status="interrupted", ended_at=moment(7))
    world.happen(
        answer("a", " more", turn="a"), session("interrupted", None, at=7) if how == "session" else ended
    )
    rows = "SELECT turn_id, status, completed_at FROM projection_thread_turns"
    assert world.rows(rows) == []
    world.happen(RevertUndone(thread_id="t", revert_sequence=sequence))
    assert world.rows(rows) == [("a", "interrupted", moment(7))]


def test_many_turns_of_one_thread_cost_no_scan() -> None:
    """What settles running turns looks at running turns only."""
    world = begun()
    for statement in ("status = 'running'", "status = 'running' AND turn_id <> 'x'"):
        plan = world.rows(
            "EXPLAIN QUERY PLAN UPDATE projection_thread_turns SET status = 'completed'"
            f" WHERE thread_id = 't' AND {statement}"
        )
        assert "idx_projection_thread_turns_running" in str(plan)


def test_turns_are_the_same_when_they_are_folded_late() -> None:
    """Starts, interrupts and counts do not depend on when they are folded."""
    world = begun()
    world.append(wanted("u1"), wanted("u2"), session("running", "a1"), checkpoint("a1", 1))
    world.append(session("running", "a2", user="u2"), answer("a2", "x", turn="a2"))
    catch_up(world.execute, world.read)
    assert world.tables() == world.rebuilt()
    assert world.rows(COUNTS) == [("a1", 1), ("a2", None)]
