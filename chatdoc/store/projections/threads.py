"""Each thread is one row: its settings, its latest turn, and when something last happened in it.

The latest turn stays when the session has none any more; after a revert it is the turn of the last checkpoint kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    ActivityAppended,
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    Reverted,
    RevertUndone,
    SessionSet,
    ThreadCreated,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnDiffCompleted,
)
from chatdoc.store.projections.projector import (
    Execute,
    ExecuteMany,
    Handler,
    Projector,
    json_text,
    update_given,
)
from chatdoc.store.projections.revert import FORGET, KEEP
from chatdoc.store.projections.row_types import from_json

TABLE = "projection_threads"
_CREATE = (
    f"INSERT OR REPLACE INTO {TABLE} (thread_id, project_id, title, model, branch, worktree_path, created_at,"
    " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_TOUCH = f"UPDATE {TABLE} SET updated_at = ? WHERE thread_id = ?"
_LATEST = (
    f"UPDATE {TABLE} SET latest_turn_id = coalesce(?, latest_turn_id), updated_at = ? WHERE thread_id = ?"
)
_SET_LATEST = f"UPDATE {TABLE} SET latest_turn_id = ?, updated_at = ? WHERE thread_id = ?"
_GET_LATEST = f"SELECT latest_turn_id FROM {TABLE} WHERE thread_id = ?"
_LAST_KEPT = (
    "SELECT turn_id FROM projection_checkpoints WHERE thread_id = ? AND checkpoint_turn_count <= ?"
    " ORDER BY checkpoint_turn_count DESC LIMIT 1"
)
_HIDDEN = "SELECT row_json FROM reverted_rows WHERE table_name = ? AND row_id = ? AND thread_id = ?"


def _created(execute: Execute, _: Event, said: ThreadCreated) -> None:
    named = (said.thread_id, said.project_id, said.title, said.model, said.branch, said.worktree_path)
    execute(_CREATE, (*named, said.created_at, said.created_at))


def _meta_updated(execute: Execute, _: Event, said: ThreadMetaUpdated) -> None:
    fields = {
        "title": said.title,
        "model": said.model,
        "branch": said.branch,
        "worktree_path": said.worktree_path,
        "updated_at": said.updated_at,
    }
    update_given(execute, TABLE, "thread_id", said.thread_id, fields)


def _deleted(execute: Execute, _: Event, said: ThreadDeleted) -> None:
    fields = {"deleted_at": said.deleted_at, "updated_at": said.deleted_at}
    update_given(execute, TABLE, "thread_id", said.thread_id, fields)


def _restored(execute: Execute, _: Event, said: ThreadRestored) -> None:
    fields = {"deleted_at": None, "updated_at": said.restored_at}
    update_given(execute, TABLE, "thread_id", said.thread_id, fields)


def _touched(execute: Execute, event: Event, said: Any) -> None:
    execute(_TOUCH, (event.occurred_at, said.thread_id))


def _session_set(execute: Execute, event: Event, said: SessionSet) -> None:
    execute(_LATEST, (said.session.active_turn_id, event.occurred_at, said.thread_id))


def _checkpoint(execute: Execute, event: Event, said: TurnDiffCompleted) -> None:
    execute(_LATEST, (said.turn_id, event.occurred_at, said.thread_id))


def _reverted(execute: Execute, event: Event, said: Reverted) -> None:
    found = execute(_GET_LATEST, (said.thread_id,)).fetchone()
    if found is None:
        return
    kept = execute(_LAST_KEPT, (said.thread_id, said.turn_count)).fetchone()
    latest = None if kept is None else kept[0]
    before = json_text([found[0], latest])
    execute(KEEP, (TABLE, str(event.sequence), said.thread_id, event.sequence, before))
    execute(_SET_LATEST, (latest, event.occurred_at, said.thread_id))


def _undone(execute: Execute, event: Event, said: RevertUndone) -> None:
    row_id = str(said.revert_sequence)
    hidden = execute(_HIDDEN, (TABLE, row_id, said.thread_id)).fetchone()
    found = execute(_GET_LATEST, (said.thread_id,)).fetchone()
    if hidden is None or found is None:
        return
    execute(FORGET, (TABLE, row_id))
    before, left = from_json(hidden[0], tuple[str | None, str | None], "reverted_rows", row_id)
    latest = before if found[0] == left else found[0]
    execute(_SET_LATEST, (latest, event.occurred_at, said.thread_id))


def _fold_page(execute: Execute, executemany: ExecuteMany, events: Sequence[Event]) -> None:
    """Of events that only move a thread's moment and latest turn, write the last of each thread."""
    moved: dict[str, tuple[str | None, str]] = {}
    for event in events:
        said: Any = event.payload
        kind = type(said)
        if kind in _MOVING:
            turn_id = _MOVING[kind](said)
            if turn_id is None and said.thread_id in moved:
                turn_id = moved[said.thread_id][0]
            moved[said.thread_id] = (turn_id, event.occurred_at)
            continue
        _write(executemany, moved)
        moved = {}
        _HANDLERS[kind](execute, event, said)
    _write(executemany, moved)


def _write(executemany: ExecuteMany, moved: dict[str, tuple[str | None, str]]) -> None:
    executemany(_LATEST, [(turn_id, at, thread_id) for thread_id, (turn_id, at) in moved.items()])


def _no_turn(_: Any) -> None:
    return None


_MOVING: dict[type[Any], Callable[[Any], str | None]] = {
    MessageSent: _no_turn,
    MessageEdited: _no_turn,
    MessageDeleted: _no_turn,
    MessageRestored: _no_turn,
    ActivityAppended: _no_turn,
    SessionSet: lambda said: said.session.active_turn_id,
    TurnDiffCompleted: lambda said: said.turn_id,
}
"""Events that set nothing but a thread's moment, and the turn they make its latest one, if any."""

_HANDLERS: dict[type[Any], Handler] = {
    ThreadCreated: _created,
    ThreadMetaUpdated: _meta_updated,
    ThreadDeleted: _deleted,
    ThreadRestored: _restored,
    MessageSent: _touched,
    MessageEdited: _touched,
    MessageDeleted: _touched,
    MessageRestored: _touched,
    ActivityAppended: _touched,
    SessionSet: _session_set,
    TurnDiffCompleted: _checkpoint,
    Reverted: _reverted,
    RevertUndone: _undone,
}

THREADS = Projector("projection.threads", (TABLE,), _HANDLERS, _fold_page)
