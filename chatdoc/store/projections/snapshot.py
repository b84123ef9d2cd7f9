"""A snapshot is everything that is shown, as of one event, read in one transaction.

`snapshot_sequence` is what the slowest projector has applied: a reader that goes on from there misses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from chatdoc.model.clock import EPOCH
from chatdoc.store.projections.fold import PROJECTORS
from chatdoc.store.projections.projector import Execute
from chatdoc.store.projections.row_types import (
    Activity,
    ChangedFile,
    Checkpoint,
    Message,
    Project,
    Session,
    Shape,
    Thread,
    from_json,
)

_STATES = "SELECT projector, last_applied_sequence, updated_at FROM projection_state"
_PROJECTS = (
    "SELECT project_id, title, workspace_root, default_model, scripts_json, created_at, updated_at, deleted_at"
    " FROM projection_projects ORDER BY created_at, project_id"
)
_THREADS = (
    "SELECT thread_id, project_id, title, model, branch, worktree_path, latest_turn_id, created_at, updated_at,"
    " deleted_at FROM projection_threads ORDER BY created_at, thread_id"
)
_MESSAGES = (
    "SELECT thread_id, message_id, role, text, turn_id, is_streaming, created_at, updated_at"
    " FROM projection_thread_messages ORDER BY thread_id, created_at, message_id"
)
_ACTIVITIES = (
    "SELECT thread_id, activity_id, tone, kind, summary, payload_json, turn_id, created_at"
    " FROM projection_thread_activities ORDER BY thread_id, created_at, activity_id"
)
_CHECKPOINTS = (
    "SELECT thread_id, turn_id, completed_at, status, files_json, checkpoint_ref, assistant_message_id,"
    " checkpoint_turn_count FROM projection_checkpoints ORDER BY thread_id, checkpoint_turn_count"
)
_SESSIONS = (
    "SELECT thread_id, status, provider_name, provider_session_id, provider_thread_id, active_turn_id,"
    " last_error, updated_at FROM projection_thread_sessions ORDER BY thread_id"
)
_LATEST_OF_OTHERS = (
    "SELECT max(started_at) FROM projection_thread_turns"
    " UNION ALL SELECT max(completed_at) FROM projection_thread_turns"
    " UNION ALL SELECT max(created_at) FROM projection_pending_approvals"
    " UNION ALL SELECT max(resolved_at) FROM projection_pending_approvals"
)


class Snapshot(Shape, frozen=True, kw_only=True):
    """All projects and threads with what is in them; `updated_at` is the latest moment any row has."""

    snapshot_sequence: int
    projects: list[Project]
    threads: list[Thread]
    updated_at: str


def snapshot(execute: Execute) -> Snapshot:
    """Read everything; `execute` belongs to a connection inside a read transaction."""
    states = {name: (sequence, at) for name, sequence, at in execute(_STATES)}
    projects = list(_projects(execute))
    threads = list(_threads(execute))
    return Snapshot(
        snapshot_sequence=min(states.get(one.name, (0, EPOCH))[0] for one in PROJECTORS),
        projects=projects,
        threads=threads,
        updated_at=max(
            EPOCH,
            *(at for _, at in states.values()),
            *(at for (at,) in execute(_LATEST_OF_OTHERS) if at is not None),
            *(project.updated_at for project in projects),
            *(at for thread in threads for at in _moments(thread)),
        ),
    )


def _moments(thread: Thread) -> Iterator[str]:
    yield thread.updated_at
    yield from (message.updated_at for message in thread.messages)
    yield from (activity.created_at for activity in thread.activities)
    yield from (checkpoint.completed_at for checkpoint in thread.checkpoints)
    if thread.session is not None:
        yield thread.session.updated_at


def _projects(execute: Execute) -> Iterator[Project]:
    for project_id, title, root, model, scripts, created_at, updated_at, deleted_at in execute(_PROJECTS):
        yield Project(
            id=project_id,
            title=title,
            workspace_root=root,
            default_model=model,
            scripts=from_json(scripts, list[Any], "projection_projects", project_id),
            created_at=created_at,
            updated_at=updated_at,
            deleted_at=deleted_at,
        )


def _threads(execute: Execute) -> Iterator[Thread]:
    messages, activities, checkpoints = _messages(execute), _activities(execute), _checkpoints(execute)
    sessions = _sessions(execute)
    for row in execute(_THREADS):
        thread_id, project_id, title, model, branch, path, latest, created_at, updated_at, deleted_at = row
        yield Thread(
            id=thread_id,
            project_id=project_id,
            title=title,
            model=model,
            branch=branch,
            worktree_path=path,
            latest_turn_id=latest,
            created_at=created_at,
            updated_at=updated_at,
            deleted_at=deleted_at,
            messages=messages.get(thread_id, []),
            activities=activities.get(thread_id, []),
            checkpoints=checkpoints.get(thread_id, []),
            session=sessions.get(thread_id),
        )


def _messages(execute: Execute) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for thread_id, message_id, role, text, turn_id, streaming, created_at, updated_at in execute(_MESSAGES):
        message = Message(
            id=message_id,
            role=role,
            text=text,
            turn_id=turn_id,
            streaming=bool(streaming),
            created_at=created_at,
            updated_at=updated_at,
        )
        found[thread_id].append(message)
    return found


def _activities(execute: Execute) -> dict[str, list[Activity]]:
    found: dict[str, list[Activity]] = defaultdict(list)
    for thread_id, activity_id, tone, kind, summary, payload, turn_id, created_at in execute(_ACTIVITIES):
        activity = Activity(
            id=activity_id,
            tone=tone,
            kind=kind,
            summary=summary,
            payload=from_json(payload, Any, "projection_thread_activities", activity_id),
            turn_id=turn_id,
            created_at=created_at,
        )
        found[thread_id].append(activity)
    return found


def _checkpoints(execute: Execute) -> dict[str, list[Checkpoint]]:
    found: dict[str, list[Checkpoint]] = defaultdict(list)
    for thread_id, turn_id, completed_at, status, files, ref, message_id, count in execute(_CHECKPOINTS):
        checkpoint = Checkpoint(
            turn_id=turn_id,
            completed_at=completed_at,
            status=status,
            files=from_json(files, list[ChangedFile], "projection_checkpoints", f"{thread_id}/{count}"),
            checkpoint_ref=ref,
            assistant_message_id=message_id,
            checkpoint_turn_count=count,
        )
        found[thread_id].append(checkpoint)
    return found


def _sessions(execute: Execute) -> dict[str, Session]:
    return {row[0]: session_of(row) for row in execute(_SESSIONS)}


def session_of(row: Any) -> Session:
    """A session from its row, in the order of the table's columns."""
    thread_id, status, provider, session_id, provider_thread_id, turn_id, error, updated_at = row
    return Session(
        thread_id=thread_id,
        status=status,
        provider_name=provider,
        provider_session_id=session_id,
        provider_thread_id=provider_thread_id,
        active_turn_id=turn_id,
        last_error=error,
        updated_at=updated_at,
    )
