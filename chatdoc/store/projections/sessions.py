"""Each thread has one session row: what its agent is doing now, and how to find it again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import UNSET

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import Session, SessionSet
from chatdoc.store.projections.projector import Execute, ExecuteMany, Projector

TABLE = "projection_thread_sessions"


@cache
def _upsert(columns: tuple[str, ...]) -> str:
    places = ", ".join("?" * (len(columns) + 1))
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {TABLE} (thread_id, {', '.join(columns)}) VALUES ({places})"
        f" ON CONFLICT (thread_id) DO UPDATE SET {changes}"
    )


def _given(session: Session) -> dict[str, Any]:
    """What a session says, by column."""
    fields = {
        "status": session.status,
        "active_turn_id": session.active_turn_id,
        "updated_at": session.updated_at,
        "provider_name": session.provider_name,
        "provider_session_id": session.provider_session_id,
        "provider_thread_id": session.provider_thread_id,
        "last_error": session.last_error,
    }
    return {name: value for name, value in fields.items() if value is not UNSET}


def _put(execute: Execute, thread_id: str, given: dict[str, Any]) -> None:
    execute(_upsert(tuple(given)), (thread_id, *given.values()))


def _set(execute: Execute, _: Event, said: SessionSet) -> None:
    _put(execute, said.thread_id, _given(said.session))


def _fold_page(execute: Execute, _: ExecuteMany, events: Sequence[Event]) -> None:
    """Write each thread's session once, with what was said last of each field."""
    sessions: dict[str, dict[str, Any]] = {}
    for event in events:
        said: Any = event.payload
        sessions.setdefault(said.thread_id, {}).update(_given(said.session))
    for thread_id, given in sessions.items():
        _put(execute, thread_id, given)


SESSIONS = Projector("projection.thread-sessions", (TABLE,), {SessionSet: _set}, _fold_page)
