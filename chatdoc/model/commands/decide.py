"""Every command has one pure decision: the same command on the same view at the same moment gives the same plan."""

from __future__ import annotations

from typing import Any, TypeAlias

from chatdoc.model.commands import (
    activities,
    checkpoints,
    configure_thread,
    create_thread,
    delete,
    edit_message,
    fork_thread,
    note_handled,
    repairs,
    send_message,
    sessions,
    turn_end,
    turn_queue,
    turn_start,
    turn_stream,
)
from chatdoc.model.commands.activities import (
    ActivityCommand,
    AppendActivity,
    ExpireApproval,
    RequestApproval,
    RespondApproval,
)
from chatdoc.model.commands.checkpoints import (
    CheckpointCommand,
    CompleteCheckpoint,
    RevertCheckpoint,
    UndoRevert,
)
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.delete import DeleteMessage, DeleteThread, RestoreMessage, RestoreThread
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.fork_thread import ForkThread
from chatdoc.model.commands.note_handled import NoteHandled
from chatdoc.model.commands.plan import Decide, Now, Plan
from chatdoc.model.commands.repairs import AssumeRoot, AssumeThread, FinishMessage, ReparentMessage
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.commands.sessions import (
    RequestTurnInterrupt,
    SessionCommand,
    SetSession,
    StopSession,
    UpdateProject,
)
from chatdoc.model.commands.turn_end import FailTurn, FinalizeTurn, InterruptTurn, KeepLate, RecoverTurn
from chatdoc.model.commands.turn_queue import QueueTurn, SendNow, WithdrawQueued
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_stream import AppendPiece, BindSession
from chatdoc.model.errors import CommandRefused
from chatdoc.model.view.view import View

Repair: TypeAlias = ReparentMessage | FinishMessage | AssumeThread | AssumeRoot
LogCommand: TypeAlias = ActivityCommand | SessionCommand | CheckpointCommand
"""Commands that concern the event log alone."""
TurnCommand: TypeAlias = (
    QueueTurn
    | WithdrawQueued
    | SendNow
    | StartTurn
    | AppendPiece
    | BindSession
    | FinalizeTurn
    | InterruptTurn
    | RecoverTurn
    | FailTurn
    | KeepLate
)
Command: TypeAlias = (
    CreateThread
    | SendMessage
    | EditMessage
    | DeleteMessage
    | RestoreMessage
    | DeleteThread
    | RestoreThread
    | ConfigureThread
    | ForkThread
    | TurnCommand
    | LogCommand
    | NoteHandled
    | Repair
)

CONFIG_COMMANDS = frozenset({"ConfigureThread", "CreateThread", "ForkThread"})
"""Commands that may write a thread's config; the last two only that of the thread they create."""

_DECISIONS: dict[type[Any], Decide] = {
    CreateThread: create_thread.decide,
    SendMessage: send_message.decide,
    EditMessage: edit_message.decide,
    DeleteMessage: delete.decide_message,
    RestoreMessage: delete.decide_message,
    DeleteThread: delete.decide_thread,
    RestoreThread: delete.decide_thread,
    ConfigureThread: configure_thread.decide,
    ForkThread: fork_thread.decide,
    QueueTurn: turn_queue.decide_queue,
    WithdrawQueued: turn_queue.decide_withdraw,
    SendNow: turn_queue.decide_send_now,
    StartTurn: turn_start.decide,
    AppendPiece: turn_stream.decide_append,
    BindSession: turn_stream.decide_bind,
    FinalizeTurn: turn_end.decide_finalize,
    InterruptTurn: turn_end.decide_interrupt,
    RecoverTurn: turn_end.decide_interrupt,
    FailTurn: turn_end.decide_fail,
    KeepLate: turn_end.decide_late,
    AppendActivity: activities.decide_activity,
    RequestApproval: activities.decide_request,
    RespondApproval: activities.decide_response,
    ExpireApproval: activities.decide_expiry,
    SetSession: sessions.decide_set,
    StopSession: sessions.decide_stop,
    RequestTurnInterrupt: sessions.decide_interrupt,
    UpdateProject: sessions.decide_project,
    CompleteCheckpoint: checkpoints.decide_complete,
    RevertCheckpoint: checkpoints.decide_revert,
    UndoRevert: checkpoints.decide_undo,
    NoteHandled: note_handled.decide,
    ReparentMessage: repairs.decide_reparent,
    FinishMessage: repairs.decide_finish,
    AssumeThread: repairs.decide_assume_thread,
    AssumeRoot: repairs.decide_assume_root,
}


def decide(command: Command, view: View, now: Now) -> Plan:
    """The facts a command asks for; raises CommandRefused or NotFound, and then nothing is written."""
    decision = _DECISIONS.get(type(command))
    if decision is None:
        raise CommandRefused(
            f"{type(command).__name__} is not a command",
            hint=f"Expected one of {', '.join(sorted(kind.__name__ for kind in _DECISIONS))}",
        )
    return decision(command, view, now)
