"""A message's row has the text it shows now, whatever way the text came."""

from __future__ import annotations

from chatdoc.model.events.types import MessageDeleted, MessageEdited, MessageRestored
from tests.store.projections.world import World, answer, message, moment, project, thread

SHOWN = "SELECT text, is_streaming FROM projection_thread_messages"


def test_streamed_pieces_follow_each_other() -> None:
    """Each piece goes behind what is there; the first one's date stays, the last one's moment is told."""
    world = World(
        project(), thread(), answer("a", "one ", turn="a", at=5), answer("a", "two", turn="a", at=6)
    )
    found = world.rows("SELECT text, is_streaming, created_at, updated_at FROM projection_thread_messages")
    assert found == [("one two", 1, moment(5), moment(6))]


def test_keeps_accumulated_assistant_text_when_completion_payload_text_is_empty() -> None:
    """The end of a streamed answer says that it ended, and takes nothing away."""
    world = World(project(), thread(), answer("a", "streamed"), answer("a", "", streaming=False))
    assert world.rows(SHOWN) == [("streamed", 0)]


def test_completion_with_text_replaces_what_was_streamed() -> None:
    """The whole text is the final word."""
    world = World(project(), thread(), answer("a", "strea"), answer("a", "whole", streaming=False))
    assert world.rows(SHOWN) == [("whole", 0)]


def test_turn_of_a_message_stays_when_a_later_piece_does_not_name_it() -> None:
    """Not saying a turn is not taking it away."""
    world = World(project(), thread(), answer("a", "x", turn="a"), answer("a", "y"))
    assert world.rows("SELECT turn_id, text FROM projection_thread_messages") == [("a", "xy")]


def test_message_without_text_has_a_row() -> None:
    """An answer that begins empty is there before its first piece."""
    world = World(project(), thread(), answer("a", ""))
    assert world.rows(SHOWN) == [("", 1)]


def test_edit_shows_the_new_text() -> None:
    """Even an empty one; the date of the message stays."""
    world = World(project(), thread(), message("m", "old", at=1))
    world.happen(MessageEdited(thread_id="t", message_id="m", text="", updated_at=moment(9)))
    found = world.rows("SELECT text, created_at, updated_at FROM projection_thread_messages")
    assert found == [("", moment(1), moment(9))]


def test_deleted_message_has_no_row_until_it_is_restored() -> None:
    """What was deleted is not shown; restoring tells all of it again."""
    world = World(project(), thread(), message("m", "old"))
    world.happen(MessageDeleted(thread_id="t", message_id="m", deleted_at=moment(3)))
    assert world.rows(SHOWN) == []
    back = MessageRestored(
        thread_id="t",
        message_id="m",
        role="user",
        text="old",
        created_at=moment(1),
        restored_at=moment(4),
    )
    world.happen(back)
    found = world.rows("SELECT text, role, created_at, updated_at FROM projection_thread_messages")
    assert found == [("old", "user", moment(1), moment(4))]


def test_nothing_is_dropped_however_long_a_thread_grows() -> None:
    """Retention never runs on its own: more messages than others cap at are all there."""
    world = World(project(), thread(), *(message(f"m{number}") for number in range(2101)))
    assert world.rows("SELECT count(*) FROM projection_thread_messages") == [2101]
