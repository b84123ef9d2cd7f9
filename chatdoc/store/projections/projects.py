"""The workspace folder is one row: its name, its place, its scripts."""

from __future__ import annotations

import msgspec

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import ProjectCreated, ProjectDeleted, ProjectMetaUpdated
from chatdoc.store.projections.projector import Execute, Projector, json_text, update_given

TABLE = "projection_projects"
_CREATE = (
    f"INSERT OR REPLACE INTO {TABLE} (project_id, title, workspace_root, default_model, scripts_json,"
    " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def _created(execute: Execute, _: Event, said: ProjectCreated) -> None:
    scripts = json_text(said.scripts)
    values = (said.project_id, said.title, said.workspace_root, said.default_model, scripts)
    execute(_CREATE, (*values, said.created_at, said.created_at))


def _meta_updated(execute: Execute, _: Event, said: ProjectMetaUpdated) -> None:
    fields = {
        "title": said.title,
        "workspace_root": said.workspace_root,
        "default_model": said.default_model,
        "scripts_json": said.scripts if said.scripts is msgspec.UNSET else json_text(said.scripts),
        "updated_at": said.updated_at,
    }
    update_given(execute, TABLE, "project_id", said.project_id, fields)


def _deleted(execute: Execute, _: Event, said: ProjectDeleted) -> None:
    fields = {"deleted_at": said.deleted_at, "updated_at": said.deleted_at}
    update_given(execute, TABLE, "project_id", said.project_id, fields)


PROJECTS = Projector(
    "projection.projects",
    (TABLE,),
    {ProjectCreated: _created, ProjectMetaUpdated: _meta_updated, ProjectDeleted: _deleted},
)
