"""Each message is one row with the text it shows now; one that a revert hides is kept up to date out of sight.

A revert to so many turns keeps messages of the system, messages of the turns it keeps, and the user messages these
turns answered. Where fewer user or assistant messages than turns are left that way, the earliest ones that name no
turn make up the number; one that names a turn is never kept without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    Reverted,
    RevertUndone,
)
from chatdoc.store.projections.projector import Execute, ExecuteMany, Handler, Projector
from chatdoc.store.projections.revert import Table
from chatdoc.store.projections.reverted_turns import kept_turns

TABLE = Table(
    "projection_thread_messages",
    ("message_id", "thread_id", "turn_id", "role", "text", "is_streaming", "created_at", "updated_at"),
    thread=1,
)
_INTO = f"INSERT INTO {TABLE.name} ({', '.join(TABLE.columns)})"
_MERGE = (
    " ON CONFLICT (message_id) DO UPDATE SET"
    f" text = CASE WHEN excluded.is_streaming <> 0 THEN {TABLE.name}.text || excluded.text"
    f" WHEN excluded.text = '' THEN {TABLE.name}.text ELSE excluded.text END,"
    f" turn_id = coalesce(excluded.turn_id, {TABLE.name}.turn_id), role = excluded.role,"
    " is_streaming = excluded.is_streaming, updated_at = excluded.updated_at"
)
_SEND = f"{_INTO} VALUES (?, ?, ?, ?, ?, ?, ?, ?){_MERGE}"
_SEND_UNLESS_HIDDEN = (
    f"{_INTO} SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM reverted_rows"
    f" WHERE table_name = '{TABLE.name}' AND row_id = ?){_MERGE}"
)
_EDIT = f"UPDATE {TABLE.name} SET text = ?, updated_at = ? WHERE message_id = ?"
_DELETE = f"DELETE FROM {TABLE.name} WHERE message_id = ?"
_RESTORE = f"INSERT OR REPLACE INTO {TABLE.name} ({', '.join(TABLE.columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_OF_THREAD = f"{TABLE.select} WHERE thread_id = ? ORDER BY created_at, message_id"
_HIDDEN_COUNT = f"SELECT count(*) FROM reverted_rows WHERE table_name = '{TABLE.name}'"
IS_ANY_HIDDEN = (
    f"SELECT count(*) FROM (SELECT 1 FROM reverted_rows WHERE table_name = '{TABLE.name}' LIMIT 1) AS one"
)
"""Where none is hidden, nobody has to look at what the statement that writes a message did."""


def _row_of(said: MessageSent) -> tuple[Any, ...]:
    return (
        said.message_id,
        said.thread_id,
        said.turn_id,
        said.role,
        said.text,
        1 if said.streaming else 0,
        said.created_at,
        said.updated_at,
    )


def send_where_none_is_hidden(execute: Execute, _: Event, said: MessageSent) -> None:
    """What `MessageSent` does to the table, for a caller who knows that no revert hides a message."""
    execute(_SEND, _row_of(said))


def _sent(execute: Execute, _: Event, said: MessageSent) -> None:
    if execute(_SEND_UNLESS_HIDDEN, (*_row_of(said), said.message_id)).rowcount:
        return
    row = TABLE.hidden(execute, said.message_id)
    if row is not None:
        if said.streaming:
            row["text"] += said.text
        elif said.text:
            row["text"] = said.text
        row.update(role=said.role, is_streaming=int(said.streaming), updated_at=said.updated_at)
        row["turn_id"] = said.turn_id or row["turn_id"]
        TABLE.change_hidden(execute, row)


def _edited(execute: Execute, _: Event, said: MessageEdited) -> None:
    if execute(_EDIT, (said.text, said.updated_at, said.message_id)).rowcount:
        return
    row = TABLE.hidden(execute, said.message_id)
    if row is not None:
        row.update(text=said.text, updated_at=said.updated_at)
        TABLE.change_hidden(execute, row)


def _deleted(execute: Execute, _: Event, said: MessageDeleted) -> None:
    if not execute(_DELETE, (said.message_id,)).rowcount:
        TABLE.forget(execute, said.message_id)


def _restored(execute: Execute, _: Event, said: MessageRestored) -> None:
    streaming = 1 if said.streaming else 0
    values = (said.message_id, said.thread_id, said.turn_id, said.role, said.text, streaming)
    TABLE.forget(execute, said.message_id)
    execute(_RESTORE, (*values, said.created_at, said.restored_at))


def _reverted(execute: Execute, event: Event, said: Reverted) -> None:
    turns = kept_turns(execute, said)
    rows = execute(_OF_THREAD, (said.thread_id,)).fetchall()
    kept = {row[0] for row in rows if row[3] == "system" or row[2] in turns.ids or row[0] in turns.messages}
    for role in ("user", "assistant"):
        found = sum(1 for row in rows if row[3] == role and row[0] in kept)
        kept.update(_earliest_without_turn(rows, role, kept, said.turn_count - found))
    TABLE.hide(execute, [row for row in rows if row[0] not in kept], event.sequence)


def _earliest_without_turn(
    rows: Sequence[Sequence[Any]], role: str, kept: set[str], missing: int
) -> Iterator[str]:
    free = [row[0] for row in rows if row[3] == role and row[2] is None and row[0] not in kept]
    yield from free[: max(0, missing)]


def _undone(execute: Execute, _: Event, said: RevertUndone) -> None:
    for row in TABLE.take_back(execute, said.thread_id, said.revert_sequence):
        TABLE.show(execute, row)


def _fold_page(execute: Execute, executemany: ExecuteMany, events: Sequence[Event]) -> None:
    """Write runs of messages in one go, each message once; where some are hidden, each has to be asked for."""
    hidden = execute(_HIDDEN_COUNT).fetchone()[0] > 0
    rows: dict[str, tuple[Any, ...]] = {}
    for event in events:
        said = event.payload
        if type(said) is MessageSent and not hidden:
            before, row = rows.get(said.message_id), _row_of(said)
            together = row if before is None else _together(before, row)
            if together is None:
                executemany(_SEND, rows.values())
                rows, together = {}, row
            rows[said.message_id] = together
            continue
        executemany(_SEND, rows.values())
        rows = {}
        _HANDLERS[type(said)](execute, event, said)
    executemany(_SEND, rows.values())


def _together(first: tuple[Any, ...], then: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Two tellings of one message as one, or None where their row must be written in between."""
    text, streaming = then[4], then[5]
    if streaming and first[5]:
        text = first[4] + text
    elif streaming or not text:
        return None
    return (*first[:2], then[2] or first[2], then[3], text, streaming, first[6], then[7])


_HANDLERS: dict[type[Any], Handler] = {
    MessageSent: _sent,
    MessageEdited: _edited,
    MessageDeleted: _deleted,
    MessageRestored: _restored,
    Reverted: _reverted,
    RevertUndone: _undone,
}

MESSAGES = Projector(
    "projection.thread-messages",
    (TABLE.name,),
    _HANDLERS,
    _fold_page,
)
