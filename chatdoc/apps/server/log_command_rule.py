"""Authorization of commands that write events alone: a fact names its author, these are judged by whose turn it is.

People answer and stop an agent; what an agent did or asks for is told by who speaks for the sender of its turn.
"""

from __future__ import annotations

from chatdoc.model.commands.activities import AppendActivity, RequestApproval, RespondApproval
from chatdoc.model.commands.checkpoints import CompleteCheckpoint, RevertCheckpoint, UndoRevert
from chatdoc.model.commands.decide import LogCommand
from chatdoc.model.commands.sessions import RequestTurnInterrupt, SetSession, StopSession, UpdateProject
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View


def may_give(names: frozenset[str], command: LogCommand, view: View) -> bool:
    """Whether somebody who speaks for these names alone may give a command that names no author."""
    if isinstance(command, UpdateProject):
        return False
    if isinstance(command, RequestTurnInterrupt | StopSession):
        return bool(names)
    state = view.state(command.thread_id)
    # While a message waits for the agent, it is the active one, and no turn of anybody.
    active = state.active_message_id if state is not None and state.state != "queued" else None
    if isinstance(command, RespondApproval):
        # Who asks leave does not give it: an agent would be bound by nothing.
        return bool(names - {_sender(view, active)})
    if isinstance(command, RevertCheckpoint | UndoRevert):
        thread = view.thread(command.thread_id)
        if thread is not None and thread.created_by in names:
            return True
    return _sender(view, _turn_of(command) or active) in names


def _turn_of(command: LogCommand) -> MessageId | None:
    """The turn that a command names itself."""
    if isinstance(command, AppendActivity | RequestApproval | CompleteCheckpoint):
        return command.turn_id
    return command.active_turn_id if isinstance(command, SetSession) else None


def _sender(view: View, message_id: MessageId | None) -> str | None:
    message = view.message(message_id) if message_id is not None else None
    return message.sender_id if message is not None else None
