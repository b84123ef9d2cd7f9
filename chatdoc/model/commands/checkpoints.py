"""A checkpoint says what a turn left in the files; going back to one hides what came after, and can be undone."""

from __future__ import annotations

from typing import get_args

import msgspec
from msgspec import UNSET

from chatdoc.model.arguments import require_name, require_number, require_text, require_thread, shortly
from chatdoc.model.clock import iso
from chatdoc.model.commands.asker import Asker, named
from chatdoc.model.commands.log_state import require_log_state, require_turn_id
from chatdoc.model.commands.plan import Diff, Now, Plan
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import (
    ChangedFile,
    CheckpointRevertRequested,
    CheckpointStatus,
    Reverted,
    RevertUndone,
    TurnDiffCompleted,
)
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class CompleteCheckpoint(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Note the checkpoint after a turn, the files it changed, and the text of the difference where there is one.

    `turn_count` counts the turns of the thread from 1; `diff` leads from `from_turn`, by default the one before.
    """

    thread_id: ThreadId
    turn_id: MessageId
    turn_count: int
    checkpoint_ref: str
    status: CheckpointStatus = "ready"
    files: tuple[ChangedFile, ...] = ()
    assistant_message_id: MessageId | None = None
    diff: str | None = None
    from_turn: int | None = None


class RevertCheckpoint(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Hide all that came after so many turns."""

    thread_id: ThreadId
    turn_count: int
    by: Asker = UNSET


class UndoRevert(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Show again what the latest revert of a thread hides."""

    thread_id: ThreadId
    by: Asker = UNSET


def decide_complete(command: CompleteCheckpoint, view: View, now: Now) -> Plan:
    """The plan for one event and the text of the difference; its answer is a sequence."""
    log = require_log_state(now, "CompleteCheckpoint")
    require_thread(view, command.thread_id, "note a checkpoint")
    require_name("turn_id", command.turn_id)
    require_turn_id(log, view, command.thread_id, "turn_id", command.turn_id)
    require_name("checkpoint_ref", command.checkpoint_ref)
    count = require_number("turn_count", command.turn_count, "turns")
    require_turn_id(log, view, command.thread_id, "assistant_message_id", command.assistant_message_id)
    for file in command.files:
        _require_file(file)
    if command.status not in get_args(CheckpointStatus):
        expected = ", ".join(get_args(CheckpointStatus))
        raise CommandRefused(f"status: expected one of {expected}, got {shortly(command.status)}")
    diff = None
    at = iso(now.ms)
    if command.diff is not None:
        require_text("diff", command.diff)
        before = max(0, count - 1) if command.from_turn is None else command.from_turn
        diff = Diff(command.thread_id, require_number("from_turn", before, "turns"), count, command.diff, at)
    completed = TurnDiffCompleted(
        thread_id=command.thread_id,
        turn_id=command.turn_id,
        checkpoint_turn_count=count,
        checkpoint_ref=command.checkpoint_ref,
        status=command.status,
        files=list(command.files),
        assistant_message_id=command.assistant_message_id,
        completed_at=at,
    )
    draft = Draft(completed, command.thread_id)
    return Plan(facts=(), kind="sequence", subject=command.thread_id, events=(draft,), diff=diff)


def decide_revert(command: RevertCheckpoint, view: View, now: Now) -> Plan:
    """The plan for the wish and for what it comes to, the second caused by the first."""
    require_log_state(now, "RevertCheckpoint")
    require_thread(view, command.thread_id, "revert")
    count = require_number("turn_count", command.turn_count, "turns")
    asked = CheckpointRevertRequested(thread_id=command.thread_id, turn_count=count, created_at=iso(now.ms))
    done = Reverted(thread_id=command.thread_id, turn_count=count)
    metadata = named(command.by)
    drafts = (
        Draft(asked, command.thread_id, metadata=metadata),
        Draft(done, command.thread_id, metadata=metadata, cause=0),
    )
    return Plan(facts=(), kind="sequence", subject=command.thread_id, events=drafts)


def decide_undo(command: UndoRevert, view: View, now: Now) -> Plan:
    """The plan for one event; raises CommandRefused when no revert hides anything."""
    log = require_log_state(now, "UndoRevert")
    require_thread(view, command.thread_id, "undo a revert")
    hidden_by = log.last_revert(command.thread_id)
    if hidden_by is None:
        raise CommandRefused(f"no revert hides anything of thread {command.thread_id}")
    undone = RevertUndone(thread_id=command.thread_id, revert_sequence=hidden_by)
    draft = Draft(undone, command.thread_id, metadata=named(command.by))
    return Plan(facts=(), kind="sequence", subject=command.thread_id, events=(draft,))


def _require_file(file: object) -> None:
    if not isinstance(file, ChangedFile):
        raise CommandRefused(f"files: expected a ChangedFile each, got {type(file).__name__}")
    require_name("files: path", file.path)
    require_name("files: kind", file.kind)
    require_number(f"files: additions of {file.path}", file.additions, "lines")
    require_number(f"files: deletions of {file.path}", file.deletions, "lines")


CheckpointCommand = CompleteCheckpoint | RevertCheckpoint | UndoRevert
