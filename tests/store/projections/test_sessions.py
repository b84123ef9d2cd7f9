"""A session's row keeps what was not said again, and names the turn it runs."""

from __future__ import annotations

from tests.store.projections.world import World, moment, project, session, thread

ROW = (
    "SELECT status, provider_name, provider_session_id, provider_thread_id, active_turn_id, last_error, updated_at"
    " FROM projection_thread_sessions"
)


def test_unsaid_fields_of_a_session_stay() -> None:
    """A session that becomes ready is still of its provider, and its last error is still told."""
    world = World(project(), thread())
    world.happen(
        session("error", "a1", provider_name="codex", provider_session_id="s1", last_error="broke", at=1)
    )
    world.happen(session("ready", provider_thread_id="x", at=2))
    assert world.rows(ROW) == [("ready", "codex", "s1", "x", None, "broke", moment(2))]


def test_said_none_clears_a_field_of_a_session() -> None:
    """None is something said."""
    world = World(project(), thread(), session("error", last_error="broke", provider_session_id="s1"))
    world.happen(session("stopped", last_error=None, provider_session_id=None, at=4))
    assert world.rows(ROW) == [("stopped", None, None, None, None, None, moment(4))]


def test_each_thread_has_one_session_row() -> None:
    """A later word replaces the former one of the same thread."""
    world = World(project(), thread(), thread("s"))
    world.happen(session("running", "a1"), session("running", "b1", thread_id="s"), session("ready"))
    found = world.rows("SELECT thread_id, active_turn_id FROM projection_thread_sessions ORDER BY thread_id")
    assert found == [("s", "b1"), ("t", None)]
