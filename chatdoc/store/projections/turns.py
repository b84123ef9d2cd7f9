"""Each turn is one row from its start to its end, and a turn that was asked for waits as a row of its own.

| what happens | what becomes of turns |
| --- | --- |
| a start is requested / withdrawn | a row of `pending_turn_starts` comes / goes |
| the session runs another turn | that turn runs, from the start that waited; the one that ran before is completed |
| the session is ready or idle | the running turn is completed at the session's moment |
| the session failed | the running turn is an error |
| the session was interrupted or stopped | the running turn is interrupted |
| a turn ended of which the session does not tell | that turn ends so |
| an interrupt is requested | the running turn is interrupted; what the session says later does not complete it |
| one that names a turn of which nothing was heard | that turn is there, interrupted |
| a message of the assistant | the turn names it; a finished message does not end the turn |
| a checkpoint | the turn gets its count, taken from another turn that had it, and ends; without one it has no count |
| a revert / its undoing | turns beyond the count, and starts that wait, are hidden / shown |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    MessageSent,
    Reverted,
    RevertUndone,
    Session,
    SessionSet,
    TurnDiffCompleted,
    TurnEnded,
    TurnInterruptRequested,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.store.projections.projector import Execute, ExecuteMany, Handler, Projector
from chatdoc.store.projections.revert import Table

TABLE = Table(
    "projection_thread_turns",
    (
        "turn_id",
        "thread_id",
        "turn_count",
        "status",
        "user_message_id",
        "assistant_message_id",
        "started_at",
        "completed_at",
    ),
    thread=1,
)
PENDING = Table(
    "pending_turn_starts", ("thread_id", "message_id", "requested_at", "sequence"), thread=0, keys=2
)

SETTLED_AS = {
    "ready": "completed",
    "idle": "completed",
    "error": "error",
    "interrupted": "interrupted",
    "stopped": "interrupted",
}
"""How the running turn ends when the session says this; a session that starts or runs ends none."""

_INTO = f"INSERT INTO {TABLE.name} ({', '.join(TABLE.columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_RUN = (
    f"{_INTO} ON CONFLICT (turn_id) DO UPDATE SET"
    f" completed_at = CASE {TABLE.name}.status WHEN 'interrupted' THEN NULL ELSE {TABLE.name}.completed_at END,"
    f" status = CASE {TABLE.name}.status WHEN 'interrupted' THEN 'running' ELSE {TABLE.name}.status END,"
    f" user_message_id = coalesce({TABLE.name}.user_message_id, excluded.user_message_id),"
    f" started_at = CASE WHEN excluded.started_at < {TABLE.name}.started_at THEN excluded.started_at"
    f" ELSE {TABLE.name}.started_at END"
)
_SETTLE = (
    f"UPDATE {TABLE.name} SET status = ?1, completed_at = ?2 WHERE thread_id = ?3 AND status = 'running'"
    " AND (CAST(?4 AS TEXT) IS NULL OR turn_id = ?4) AND turn_id IS NOT ?5"
)
_CORRECT = f"UPDATE {TABLE.name} SET status = ? WHERE turn_id = ? AND status = 'completed'"
"""A turn that came whole looked completed when its message came; its session says how it ended."""
_END = (
    f"UPDATE {TABLE.name} SET status = ?, completed_at = coalesce(completed_at, ?) WHERE turn_id = ?"
    " AND status IN ('running', 'completed')"
)
_NAME_MESSAGE = (
    f"INSERT INTO {TABLE.name} ({', '.join(TABLE.columns)}) SELECT ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?, ?"
    f" WHERE NOT EXISTS (SELECT 1 FROM reverted_rows WHERE table_name = '{TABLE.name}' AND row_id = ?)"
    " ON CONFLICT (turn_id) DO UPDATE SET assistant_message_id = excluded.assistant_message_id"
    f" WHERE {TABLE.name}.assistant_message_id IS NOT excluded.assistant_message_id"
)
_INTERRUPT_UNHEARD = (
    f"INSERT INTO {TABLE.name} ({', '.join(TABLE.columns)}) SELECT ?, ?, CAST(? AS INTEGER), ?, ?, ?, ?, ?"
    f" WHERE NOT EXISTS (SELECT 1 FROM reverted_rows WHERE table_name = '{TABLE.name}' AND row_id = ?)"
    " ON CONFLICT (turn_id) DO NOTHING"
)
_FREE_COUNT = (
    f"UPDATE {TABLE.name} SET turn_count = NULL WHERE thread_id = ? AND turn_count = ? AND turn_id <> ?"
)
_CHECKPOINT = (
    f"{_INTO} ON CONFLICT (turn_id) DO UPDATE SET turn_count = excluded.turn_count,"
    f" status = CASE WHEN {TABLE.name}.status IN ('interrupted', 'error') THEN {TABLE.name}.status"
    " ELSE excluded.status END,"
    f" assistant_message_id = coalesce(excluded.assistant_message_id, {TABLE.name}.assistant_message_id),"
    f" completed_at = coalesce({TABLE.name}.completed_at, excluded.completed_at)"
    f" WHERE {TABLE.name}.thread_id = excluded.thread_id"
)
_BEYOND = f"{TABLE.select} WHERE thread_id = ? AND (turn_count IS NULL OR turn_count > ?) ORDER BY turn_id"

_REQUEST = "INSERT OR REPLACE INTO pending_turn_starts VALUES (?, ?, ?, ?)"
_WAITING = f"{PENDING.select} WHERE thread_id = ? ORDER BY sequence"
_NEXT = (
    "SELECT message_id, requested_at FROM pending_turn_starts WHERE thread_id = ? ORDER BY sequence LIMIT 1"
)
_THIS = "SELECT message_id, requested_at FROM pending_turn_starts WHERE thread_id = ? AND message_id = ?"
_WITHDRAW = "DELETE FROM pending_turn_starts WHERE thread_id = ? AND message_id = ?"
_KNOWN = f"SELECT 1 FROM {TABLE.name} WHERE turn_id = ? AND user_message_id IS NOT NULL"


def _start_requested(execute: Execute, event: Event, said: TurnStartRequested) -> None:
    execute(_REQUEST, (said.thread_id, said.message_id, said.created_at, event.sequence))


def _start_withdrawn(execute: Execute, _: Event, said: TurnStartWithdrawn) -> None:
    _take_start(execute, said.thread_id, said.message_id)


def _session_set(execute: Execute, _: Event, said: SessionSet) -> None:
    session = said.session
    if session.status == "running":
        if session.active_turn_id is not None:
            _run(execute, said.thread_id, session.active_turn_id, session)
    elif session.status in SETTLED_AS:
        status = SETTLED_AS[session.status]
        _settle(execute, said.thread_id, status, session.updated_at)
        if session.ended_turn_id is not None and status != "completed":
            execute(_CORRECT, (status, session.ended_turn_id))


def _run(execute: Execute, thread_id: str, turn_id: str, session: Session) -> None:
    """Start a turn from the start that waited for it; the one that ran before was superseded."""
    _settle(execute, thread_id, "completed", session.updated_at, but=turn_id)
    said, started_at = session.user_message_id, session.updated_at
    user_message_id = None if said is UNSET else said
    waited = None
    if user_message_id is not None:
        waited = execute(_THIS, (thread_id, user_message_id)).fetchone()
    elif said is UNSET and execute(_KNOWN, (turn_id,)).fetchone() is None:
        waited = execute(_NEXT, (thread_id,)).fetchone()
    if waited is not None:
        user_message_id, started_at = waited
    if user_message_id is not None:
        _take_start(execute, thread_id, user_message_id)
    execute(_RUN, (turn_id, thread_id, None, "running", user_message_id, None, started_at, None))


def _take_start(execute: Execute, thread_id: str, message_id: str) -> None:
    """Nobody waits for it any more, also not where a revert hides that somebody did."""
    execute(_WITHDRAW, (thread_id, message_id))
    PENDING.forget(execute, thread_id, message_id)


def _message_sent(execute: Execute, _: Event, said: MessageSent) -> None:
    if said.role != "assistant" or said.turn_id is None:
        return
    status, ended = ("running", None) if said.streaming else ("completed", said.updated_at)
    turn = (said.turn_id, said.thread_id, None, status, None, said.message_id, said.created_at, ended)
    execute(_NAME_MESSAGE, (*turn, said.turn_id))


def _interrupt_requested(execute: Execute, _: Event, said: TurnInterruptRequested) -> None:
    if said.turn_id is not None:
        turn = (
            said.turn_id,
            said.thread_id,
            None,
            "interrupted",
            None,
            None,
            said.created_at,
            said.created_at,
        )
        execute(_INTERRUPT_UNHEARD, (*turn, said.turn_id))
    _settle(execute, said.thread_id, "interrupted", said.created_at, only=said.turn_id)


def _ended(execute: Execute, _: Event, said: TurnEnded) -> None:
    if execute(_END, (said.status, said.ended_at, said.turn_id)).rowcount:
        return
    row = TABLE.hidden(execute, said.turn_id)
    if row is not None and row["status"] in ("running", "completed"):
        row.update(status=said.status, completed_at=row["completed_at"] or said.ended_at)
        TABLE.change_hidden(execute, row)


def _settle(
    execute: Execute, thread_id: str, status: str, at: str, *, only: str | None = None, but: str | None = None
) -> None:
    """End the turns of a thread that run, also those that a revert hides."""
    execute(_SETTLE, (status, at, thread_id, only, but))
    for row in TABLE.hidden_of(execute, thread_id):
        if row["status"] == "running" and only in (None, row["turn_id"]) and row["turn_id"] != but:
            TABLE.change_hidden(execute, {**row, "status": status, "completed_at": at})


def _checkpoint(execute: Execute, _: Event, said: TurnDiffCompleted) -> None:
    count, ended = said.checkpoint_turn_count, said.completed_at
    execute(_FREE_COUNT, (said.thread_id, count, said.turn_id))
    status = "error" if said.status == "error" else "completed"
    message_id = said.assistant_message_id
    execute(_CHECKPOINT, (said.turn_id, said.thread_id, count, status, None, message_id, ended, ended))


def _reverted(execute: Execute, event: Event, said: Reverted) -> None:
    TABLE.hide(execute, execute(_BEYOND, (said.thread_id, said.turn_count)).fetchall(), event.sequence)
    PENDING.hide(execute, execute(_WAITING, (said.thread_id,)).fetchall(), event.sequence)


def _undone(execute: Execute, _: Event, said: RevertUndone) -> None:
    for row in TABLE.take_back(execute, said.thread_id, said.revert_sequence):
        if not TABLE.show(execute, row):
            row[TABLE.columns.index("turn_count")] = None
            TABLE.show(execute, row)
    for row in PENDING.take_back(execute, said.thread_id, said.revert_sequence):
        PENDING.show(execute, row)


def _fold_page(execute: Execute, _: ExecuteMany, events: Sequence[Event]) -> None:
    """Leave out that a turn has the message it is known to have; the pieces of an answer say so each time."""
    named: dict[str, str] = {}
    for event in events:
        said: Any = event.payload
        kind = type(said)
        if kind is MessageSent:
            if said.role != "assistant" or said.turn_id is None or named.get(said.turn_id) == said.message_id:
                continue
            named[said.turn_id] = said.message_id
        elif kind is TurnDiffCompleted or kind is RevertUndone:
            named = {}
        _HANDLERS[kind](execute, event, said)


_HANDLERS: dict[type[Any], Handler] = {
    TurnStartRequested: _start_requested,
    TurnStartWithdrawn: _start_withdrawn,
    SessionSet: _session_set,
    MessageSent: _message_sent,
    TurnEnded: _ended,
    TurnInterruptRequested: _interrupt_requested,
    TurnDiffCompleted: _checkpoint,
    Reverted: _reverted,
    RevertUndone: _undone,
}

TURNS = Projector("projection.thread-turns", (TABLE.name, PENDING.name), _HANDLERS, _fold_page)
