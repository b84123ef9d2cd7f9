"""The workspace folder's row says what was said last, field by field."""

from __future__ import annotations

from chatdoc.model.events.types import ProjectDeleted, ProjectMetaUpdated
from tests.store.projections.world import World, moment, project

ROW = "SELECT title, workspace_root, default_model, scripts_json, updated_at, deleted_at FROM projection_projects"


def test_projects_persist_updated_scripts() -> None:
    """Scripts are stored as JSON text, and fields that were not said stay."""
    world = World(project(title="Work"))
    scripts = [{"id": "s", "command": "make"}]
    world.happen(ProjectMetaUpdated(project_id="p", scripts=scripts, updated_at=moment(5)))
    assert world.rows(ROW) == [("Work", "/there", None, '[{"command":"make","id":"s"}]', moment(5), None)]


def test_cleared_model_is_not_an_unsaid_one() -> None:
    """None clears a field, and leaving it out keeps it."""
    world = World(project())
    world.happen(ProjectMetaUpdated(project_id="p", default_model="m", updated_at=moment(1)))
    world.happen(ProjectMetaUpdated(project_id="p", title="Other", updated_at=moment(2)))
    assert world.rows("SELECT title, default_model FROM projection_projects") == [("Other", "m")]
    world.happen(ProjectMetaUpdated(project_id="p", default_model=None, updated_at=moment(3)))
    assert world.rows("SELECT title, default_model FROM projection_projects") == [("Other", None)]


def test_deleted_project_keeps_its_row_and_may_come_again() -> None:
    """Deleting marks the row at that moment; the same id created again is a new project."""
    world = World(project(), ProjectDeleted(project_id="p", deleted_at=moment(7)))
    assert world.rows("SELECT deleted_at, updated_at FROM projection_projects") == [(moment(7), moment(7))]
    world.happen(project(title="Again"))
    assert world.rows("SELECT title, deleted_at FROM projection_projects") == [("Again", None)]


def test_update_of_an_unknown_project_does_nothing() -> None:
    """No row is made up for a project that nobody created."""
    world = World(ProjectMetaUpdated(project_id="other", title="?", updated_at=moment(1)))
    assert world.rows(ROW) == []
