"""A thread's row has its settings, its latest turn, and the moment something last happened in it."""

from __future__ import annotations

import pytest

from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    Payload,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnStartRequested,
)
from tests.store.projections.world import (
    World,
    activity,
    checkpoint,
    message,
    moment,
    project,
    session,
    thread,
)

LATEST = "SELECT latest_turn_id FROM projection_threads WHERE thread_id = 't'"


def test_meta_update_touches_only_what_was_said() -> None:
    """A new title leaves the model, and None clears the branch."""
    world = World(project(), thread())
    world.happen(ThreadMetaUpdated(thread_id="t", model="large", branch="b", updated_at=moment(1)))
    world.happen(ThreadMetaUpdated(thread_id="t", title="Plan B", branch=None, updated_at=moment(2)))
    found = world.rows("SELECT title, model, branch, updated_at FROM projection_threads")
    assert found == [("Plan B", "large", None, moment(2))]


def test_deleted_thread_is_marked_and_can_be_restored() -> None:
    """The row stays in both cases."""
    world = World(project(), thread(), ThreadDeleted(thread_id="t", deleted_at=moment(3)))
    assert world.rows("SELECT deleted_at FROM projection_threads") == [moment(3)]
    world.happen(ThreadRestored(thread_id="t", restored_at=moment(4)))
    assert world.rows("SELECT deleted_at, updated_at FROM projection_threads") == [(None, moment(4))]


@pytest.mark.parametrize(
    "payload",
    [
        message("m"),
        activity("x"),
        MessageEdited(thread_id="t", message_id="m", text="!", updated_at=moment(1)),
        MessageDeleted(thread_id="t", message_id="m", deleted_at=moment(1)),
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_what_happens_in_a_thread_moves_its_moment(payload: Payload) -> None:
    """The moment is the event's own, not one that its payload names."""
    world = World(project(), thread(), thread("s"))
    world.happen(payload)
    found = world.rows("SELECT thread_id, updated_at FROM projection_threads ORDER BY thread_id")
    assert found == [("s", moment(0)), ("t", moment(4))]


def test_request_alone_does_not_move_the_moment() -> None:
    """Wanting a turn changes nothing that is shown in the list of threads."""
    world = World(project(), thread())
    world.happen(TurnStartRequested(thread_id="t", message_id="m", created_at=moment(9)))
    assert world.rows("SELECT updated_at FROM projection_threads") == [moment(0)]


def test_latest_turn_stays_when_the_session_has_none_any_more() -> None:
    """A turn that ended is still the latest one."""
    world = World(project(), thread(), session("running", "a1"))
    assert world.rows(LATEST) == ["a1"]
    world.happen(session("ready", None))
    assert world.rows(LATEST) == ["a1"]


def test_checkpoint_makes_its_turn_the_latest() -> None:
    """A checkpoint may come for a turn whose session nobody saw."""
    world = World(project(), thread(), checkpoint("a1", 1))
    assert world.rows(LATEST) == ["a1"]


def test_event_of_an_unknown_thread_makes_no_thread() -> None:
    """A row of a thread comes from its creation only."""
    world = World(project(), message("m", thread_id="other"))
    assert world.rows("SELECT thread_id FROM projection_threads") == []
    assert world.rows("SELECT thread_id FROM projection_thread_messages") == ["other"]
