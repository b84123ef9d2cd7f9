"""A difference comes from what was stored for exactly these two checkpoints, or not at all."""

from __future__ import annotations

import pytest

from chatdoc.model.errors import NotFound
from chatdoc.store.projections.queries import put_diff, turn_diff
from tests.store.projections.world import World, checkpoint, moment, project, thread


def test_stored_difference_comes_back_as_it_is() -> None:
    """Byte for byte, and one that is stored again replaces the former."""
    world = World()
    put_diff(world.execute, "t", 0, 1, "--- a\n+++ b\r\n", created_at=moment(1))
    assert turn_diff(world.execute, "t", 0, 1) == "--- a\n+++ b\r\n"
    put_diff(world.execute, "t", 0, 1, "", created_at=moment(2))
    assert turn_diff(world.execute, "t", 0, 1) == ""
    assert world.rows("SELECT created_at FROM checkpoint_diff_blobs") == [moment(2)]


def test_missing_difference_is_named_with_what_there_is() -> None:
    """A difference over two turns is not put together from two that are stored."""
    world = World(project(), thread(), checkpoint("a1", 1), checkpoint("a2", 2))
    put_diff(world.execute, "t", 0, 1, "one", created_at=moment(1))
    put_diff(world.execute, "t", 1, 2, "two", created_at=moment(2))
    with pytest.raises(NotFound, match=r"thread t from turn 0 to turn 2\. The latest .* are 1 to 2, 0 to 1"):
        turn_diff(world.execute, "t", 0, 2)


def test_difference_of_another_thread_is_not_taken() -> None:
    """Each thread counts for itself."""
    world = World()
    put_diff(world.execute, "s", 0, 1, "theirs", created_at=moment(1))
    with pytest.raises(NotFound, match=r"thread t from turn 0 to turn 1\. This thread has none"):
        turn_diff(world.execute, "t", 0, 1)


def test_rebuild_keeps_differences() -> None:
    """They are not folded from events, so no fold may empty them."""
    world = World(project(), thread(), checkpoint("a1", 1))
    put_diff(world.execute, "t", 0, 1, "kept", created_at=moment(1))
    world.execute("DELETE FROM projection_state")
    world.happen(checkpoint("a2", 2))
    assert turn_diff(world.execute, "t", 0, 1) == "kept"
