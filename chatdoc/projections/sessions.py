"""Each thread has one session row: what its agent is doing now, and how to find it again."""

from __future__ import annotations

from functools import cache

from msgspec import UNSET

from chatdoc.events.event import Event
from chatdoc.events.payloads import SessionSet
from chatdoc.projections.projector import Execute, Projector

TABLE = "projection_thread_sessions"


@cache
def _upsert(columns: tuple[str, ...]) -> str:
    places = ", ".join("?" * (len(columns) + 1))
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    return (
        f"INSERT INTO {TABLE} (thread_id, {', '.join(columns)}) VALUES ({places})"
        f" ON CONFLICT (thread_id) DO UPDATE SET {changes}"
    )


def _set(execute: Execute, _: Event, said: SessionSet) -> None:
    session = said.session
    fields = {
        "status": session.status,
        "provider_name": session.provider_name,
        "provider_session_id": session.provider_session_id,
        "provider_thread_id": session.provider_thread_id,
        "active_turn_id": session.active_turn_id,
        "last_error": session.last_error,
        "updated_at": session.updated_at,
    }
    given = {name: value for name, value in fields.items() if value is not UNSET}
    execute(_upsert(tuple(given)), (said.thread_id, *given.values()))


SESSIONS = Projector("projection.thread-sessions", (TABLE,), {SessionSet: _set})
