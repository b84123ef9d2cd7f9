"""An activity's row is what was noted, once, however often it is told."""

from __future__ import annotations

from tests.store.projections.world import World, activity, moment, project, thread


def test_activity_is_stored_with_its_payload_as_text() -> None:
    """Keys are sorted, so the same payload is the same text."""
    world = World(project(), thread(), activity("x", payload={"b": 1, "a": [True, None]}, turn="a1", at=3))
    found = world.rows(
        "SELECT activity_id, thread_id, turn_id, tone, kind, payload_json, created_at"
        " FROM projection_thread_activities"
    )
    assert found == [("x", "t", "a1", "tool", "tool.completed", '{"a":[true,null],"b":1}', moment(3))]


def test_activity_that_is_delivered_again_is_one_row() -> None:
    """Its id tells that it is the same."""
    world = World(project(), thread(), activity("x"), activity("x", payload=2))
    assert world.rows("SELECT activity_id, payload_json FROM projection_thread_activities") == [("x", "2")]


def test_activity_without_a_payload_says_null() -> None:
    """The column is never empty."""
    world = World(project(), thread(), activity("x"))
    assert world.rows("SELECT payload_json FROM projection_thread_activities") == ["null"]


def test_no_activity_is_dropped() -> None:
    """More than others keep in memory are all there."""
    world = World(project(), thread(), *(activity(f"x{number}") for number in range(510)))
    assert world.rows("SELECT count(*) FROM projection_thread_activities") == [510]
