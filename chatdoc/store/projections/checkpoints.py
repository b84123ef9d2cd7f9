"""Each checkpoint of a thread is one row, found by how many turns it comes after."""

from __future__ import annotations

import msgspec

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import Reverted, RevertUndone, TurnDiffCompleted
from chatdoc.store.projections.projector import Execute, Projector, json_text
from chatdoc.store.projections.revert import Table

TABLE = Table(
    "projection_checkpoints",
    (
        "thread_id",
        "checkpoint_turn_count",
        "turn_id",
        "checkpoint_ref",
        "status",
        "files_json",
        "assistant_message_id",
        "completed_at",
    ),
    thread=0,
    keys=2,
)
_PUT = f"INSERT OR REPLACE INTO {TABLE.name} ({', '.join(TABLE.columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BEYOND = f"{TABLE.select} WHERE thread_id = ? AND checkpoint_turn_count > ? ORDER BY checkpoint_turn_count"


def _completed(execute: Execute, _: Event, said: TurnDiffCompleted) -> None:
    place = (said.thread_id, said.checkpoint_turn_count, said.turn_id, said.checkpoint_ref, said.status)
    files = json_text([msgspec.structs.asdict(file) for file in said.files])
    execute(_PUT, (*place, files, said.assistant_message_id, said.completed_at))


def _reverted(execute: Execute, event: Event, said: Reverted) -> None:
    TABLE.hide(execute, execute(_BEYOND, (said.thread_id, said.turn_count)).fetchall(), event.sequence)


def _undone(execute: Execute, _: Event, said: RevertUndone) -> None:
    for row in TABLE.take_back(execute, said.thread_id, said.revert_sequence):
        TABLE.show(execute, row)


CHECKPOINTS = Projector(
    "projection.checkpoints",
    (TABLE.name,),
    {TurnDiffCompleted: _completed, Reverted: _reverted, RevertUndone: _undone},
)
