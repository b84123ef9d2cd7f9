"""Each thing an agent did, asked for or ran into is one row, until a revert hides its turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import ActivityAppended, Reverted, RevertUndone
from chatdoc.store.projections.projector import Execute, ExecuteMany, Handler, Projector, json_text
from chatdoc.store.projections.revert import Table
from chatdoc.store.projections.reverted_turns import kept_turns

TABLE = Table(
    "projection_thread_activities",
    ("activity_id", "thread_id", "turn_id", "tone", "kind", "summary", "payload_json", "created_at"),
    thread=1,
)
_APPEND = f"INSERT OR REPLACE INTO {TABLE.name} ({', '.join(TABLE.columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_OF_TURNS = f"{TABLE.select} WHERE thread_id = ? AND turn_id IS NOT NULL ORDER BY activity_id"


def _row_of(said: ActivityAppended) -> tuple[Any, ...]:
    one = said.activity
    place = (one.id, said.thread_id, one.turn_id)
    return (*place, one.tone, one.kind, one.summary, json_text(one.payload), one.created_at)


def _appended(execute: Execute, _: Event, said: ActivityAppended) -> None:
    execute(_APPEND, _row_of(said))


def _reverted(execute: Execute, event: Event, said: Reverted) -> None:
    turns = kept_turns(execute, said)
    rows = execute(_OF_TURNS, (said.thread_id,)).fetchall()
    TABLE.hide(execute, [row for row in rows if row[2] not in turns.ids], event.sequence)


def _undone(execute: Execute, _: Event, said: RevertUndone) -> None:
    for row in TABLE.take_back(execute, said.thread_id, said.revert_sequence):
        TABLE.show(execute, row)


def _fold_page(execute: Execute, executemany: ExecuteMany, events: Sequence[Event]) -> None:
    rows: list[tuple[Any, ...]] = []
    for event in events:
        said = event.payload
        if type(said) is ActivityAppended:
            rows.append(_row_of(said))
            continue
        executemany(_APPEND, rows)
        rows = []
        _HANDLERS[type(said)](execute, event, said)
    executemany(_APPEND, rows)


_HANDLERS: dict[type[Any], Handler] = {
    ActivityAppended: _appended,
    Reverted: _reverted,
    RevertUndone: _undone,
}

ACTIVITIES = Projector(
    "projection.thread-activities",
    (TABLE.name,),
    _HANDLERS,
    _fold_page,
)
