"""Activities: what only the event log knows is told by commands, what agents did, asked for and left behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import UNSET, UnsetType

from chatdoc.model.commands.activities import AppendActivity, ExpireApproval, RequestApproval, RespondApproval
from chatdoc.model.commands.checkpoints import CompleteCheckpoint, RevertCheckpoint, UndoRevert
from chatdoc.model.commands.decide import LogCommand
from chatdoc.model.commands.sessions import RequestTurnInterrupt, SetSession, StopSession, UpdateProject
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.types import ChangedFile, CheckpointStatus, Decision, SessionStatus, Tone
from chatdoc.model.ids import MessageId, ThreadId


class Execute(Protocol):
    """Carries out a command that concerns the log alone."""

    def __call__(self, command: LogCommand, *, command_id: str | None = None) -> int:
        """The sequence of its last event."""


class Activities:
    """Each method is a command and returns the sequence of its last event; see `Document.execute`.

    Who asks may be named with `by`, which the metadata of the event tell.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def append_activity(
        self,
        thread_id: str,
        *,
        kind: str,
        summary: str,
        tone: Tone = "info",
        payload: Any = None,
        turn_id: str | None = None,
        activity_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        created_at: str | None = None,
        command_id: str | None = None,
    ) -> int:
        """Note one thing an agent did, now or at `created_at` (ISO 8601).

        Told again under the same `activity_id` it adds nothing, and 0 is returned.
        """
        command = AppendActivity(
            thread_id=ThreadId(thread_id),
            kind=kind,
            summary=summary,
            tone=tone,
            payload=payload,
            turn_id=None if turn_id is None else MessageId(turn_id),
            activity_id=activity_id,
            metadata={} if metadata is None else metadata,
            created_at=UNSET if created_at is None else created_at,
        )
        return self._execute(command, command_id=command_id)

    def request_approval(
        self,
        thread_id: str,
        request_id: str,
        *,
        summary: str,
        payload: dict[str, Any] | None = None,
        turn_id: str | None = None,
        expires_at: str | None = None,
        command_id: str | None = None,
    ) -> int:
        """Ask leave for something; it is pending until the first answer, which must come before it expires."""
        command = RequestApproval(
            thread_id=ThreadId(thread_id),
            request_id=request_id,
            summary=summary,
            payload={} if payload is None else payload,
            turn_id=None if turn_id is None else MessageId(turn_id),
            expires_at=expires_at,
        )
        return self._execute(command, command_id=command_id)

    def respond_approval(
        self,
        thread_id: str,
        request_id: str,
        decision: Decision,
        *,
        by: str | None = None,
        command_id: str | None = None,
    ) -> int:
        """Answer a request: `accept`, `acceptForSession`, `decline` or `cancel`."""
        command = RespondApproval(
            thread_id=ThreadId(thread_id), request_id=request_id, decision=decision, by=_asker(by)
        )
        return self._execute(command, command_id=command_id)

    def expire_approval(self, thread_id: str, request_id: str, *, command_id: str | None = None) -> int:
        """Close a request that nobody answered in time."""
        return self._execute(
            ExpireApproval(thread_id=ThreadId(thread_id), request_id=request_id), command_id=command_id
        )

    def set_session(
        self,
        thread_id: str,
        status: SessionStatus,
        *,
        provider_name: str | UnsetType | None = UNSET,
        provider_session_id: str | UnsetType | None = UNSET,
        provider_thread_id: str | UnsetType | None = UNSET,
        active_turn_id: str | None = None,
        last_error: str | UnsetType | None = UNSET,
        command_id: str | None = None,
    ) -> int:
        """Say what the agent process of a thread is doing; what is not given stays as it was."""
        command = SetSession(
            thread_id=ThreadId(thread_id),
            status=status,
            provider_name=provider_name,
            provider_session_id=provider_session_id,
            provider_thread_id=provider_thread_id,
            active_turn_id=None if active_turn_id is None else MessageId(active_turn_id),
            last_error=last_error,
        )
        return self._execute(command, command_id=command_id)

    def stop_session(self, thread_id: str, *, by: str | None = None, command_id: str | None = None) -> int:
        """Ask the agent of a thread to end."""
        command = StopSession(thread_id=ThreadId(thread_id), by=_asker(by))
        return self._execute(command, command_id=command_id)

    def request_interrupt(
        self,
        thread_id: str,
        *,
        turn_id: str | None = None,
        by: str | None = None,
        command_id: str | None = None,
    ) -> int:
        """Ask whoever runs a turn, perhaps another process that follows the log, to interrupt it."""
        turn = None if turn_id is None else MessageId(turn_id)
        command = RequestTurnInterrupt(thread_id=ThreadId(thread_id), turn_id=turn, by=_asker(by))
        return self._execute(command, command_id=command_id)

    def complete_checkpoint(
        self,
        thread_id: str,
        *,
        turn_id: str,
        turn_count: int,
        checkpoint_ref: str,
        status: CheckpointStatus = "ready",
        files: Iterable[ChangedFile] = (),
        assistant_message_id: str | None = None,
        diff: str | None = None,
        from_turn: int | None = None,
        command_id: str | None = None,
    ) -> int:
        """Note what a turn left in the files, with the text of the difference where there is one."""
        command = CompleteCheckpoint(
            thread_id=ThreadId(thread_id),
            turn_id=MessageId(turn_id),
            turn_count=turn_count,
            checkpoint_ref=checkpoint_ref,
            status=status,
            files=_listed(files),
            assistant_message_id=None if assistant_message_id is None else MessageId(assistant_message_id),
            diff=diff,
            from_turn=from_turn,
        )
        return self._execute(command, command_id=command_id)

    def revert(
        self, thread_id: str, turn_count: int, *, by: str | None = None, command_id: str | None = None
    ) -> int:
        """Hide what came after so many turns from all that is folded; the document keeps everything."""
        command = RevertCheckpoint(thread_id=ThreadId(thread_id), turn_count=turn_count, by=_asker(by))
        return self._execute(command, command_id=command_id)

    def undo_revert(self, thread_id: str, *, by: str | None = None, command_id: str | None = None) -> int:
        """Show again what the latest revert of a thread hides."""
        command = UndoRevert(thread_id=ThreadId(thread_id), by=_asker(by))
        return self._execute(command, command_id=command_id)

    def update_project(
        self,
        *,
        title: str | UnsetType = UNSET,
        default_model: str | UnsetType | None = UNSET,
        scripts: list[Any] | UnsetType = UNSET,
        command_id: str | None = None,
    ) -> int:
        """Set fields of the project that this folder is; what is not given stays."""
        command = UpdateProject(title=title, default_model=default_model, scripts=scripts)
        return self._execute(command, command_id=command_id)


def _asker(by: str | None) -> str | UnsetType:
    return UNSET if by is None else by


def _listed(files: Iterable[ChangedFile]) -> tuple[ChangedFile, ...]:
    if isinstance(files, Iterable):
        return tuple(files)
    raise CommandRefused(f"files: expected a list of ChangedFile, got {type(files).__name__}")
