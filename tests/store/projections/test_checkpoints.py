"""A checkpoint's row is found by its thread and its count."""

from __future__ import annotations

import msgspec

from chatdoc.model.events.types import ChangedFile
from tests.store.projections.world import World, checkpoint, moment, project, thread


def test_stores_completed_checkpoint_summaries_even_when_no_files_changed() -> None:
    """A turn that changed no file has its checkpoint all the same."""
    world = World(project(), thread(), checkpoint("a1", 1, at=4))
    found = world.rows(
        "SELECT turn_id, checkpoint_turn_count, files_json, completed_at FROM projection_checkpoints"
    )
    assert found == [("a1", 1, "[]", moment(4))]


def test_stores_json_columns_as_strings() -> None:
    """Files are text that says each field, also the counts that are zero by default."""
    files = [ChangedFile(path="a.py", kind="modified", additions=3)]
    world = World(project(), thread(), msgspec.structs.replace(checkpoint("a1", 1), files=files))
    assert world.rows("SELECT typeof(files_json), files_json FROM projection_checkpoints") == [
        ("text", '[{"additions":3,"deletions":0,"kind":"modified","path":"a.py"}]')
    ]


def test_later_checkpoint_of_a_count_replaces_the_former() -> None:
    """There is one state of the files after so many turns."""
    world = World(project(), thread(), checkpoint("a1", 1), checkpoint("a2", 1, status="error"))
    found = world.rows("SELECT turn_id, checkpoint_turn_count, status FROM projection_checkpoints")
    assert found == [("a2", 1, "error")]
