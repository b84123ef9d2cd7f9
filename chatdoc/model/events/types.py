"""Each event type has one payload, named and checked field by field; what is spelled `UNSET` was not said.

Field names and types follow the orchestration contract of t3code (github.com/pingdotgg/t3code); types that it lacks
(edits, deletions, withdrawn starts, turns beside the active one, undone reverts) are ours.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Role = Literal["user", "assistant", "system"]
Tone = Literal["info", "tool", "approval", "error"]
SessionStatus = Literal["idle", "starting", "running", "ready", "interrupted", "stopped", "error"]
CheckpointStatus = Literal["ready", "missing", "error"]
TurnEnd = Literal["completed", "interrupted", "error"]
Decision = Literal["accept", "acceptForSession", "decline", "cancel"]


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """What an event says; dates are ISO 8601 in UTC with milliseconds."""


class ProjectCreated(Payload, frozen=True, kw_only=True):
    """The workspace folder has an event log from now on."""

    project_id: str
    title: str
    workspace_root: str
    default_model: str | None = None
    scripts: list[Any] = []
    created_at: str


class ProjectMetaUpdated(Payload, frozen=True, kw_only=True):
    """Fields of the project that changed; the folder was moved, say."""

    project_id: str
    title: str | UnsetType = UNSET
    workspace_root: str | UnsetType = UNSET
    default_model: str | UnsetType | None = UNSET
    scripts: list[Any] | UnsetType = UNSET
    updated_at: str


class ProjectDeleted(Payload, frozen=True, kw_only=True):
    """The project is no longer shown."""

    project_id: str
    deleted_at: str


class ThreadCreated(Payload, frozen=True, kw_only=True):
    """A thread came; `title` and `model` are empty where its config says nothing."""

    thread_id: str
    project_id: str
    title: str
    model: str
    branch: str | None = None
    worktree_path: str | None = None
    created_at: str


class ThreadMetaUpdated(Payload, frozen=True, kw_only=True):
    """Settings of a thread that changed; `config` holds those without a column, None where one was cleared."""

    thread_id: str
    title: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    branch: str | UnsetType | None = UNSET
    worktree_path: str | UnsetType | None = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    updated_at: str


class ThreadDeleted(Payload, frozen=True, kw_only=True):
    """A thread was marked deleted."""

    thread_id: str
    deleted_at: str


class ThreadRestored(Payload, frozen=True, kw_only=True):
    """A thread's deletion was taken back."""

    thread_id: str
    restored_at: str


class MessageSent(Payload, frozen=True, kw_only=True):
    """A message came, or went on: with `streaming` the text is appended, without it an empty text keeps the old one."""

    thread_id: str
    message_id: str
    role: Role
    text: str
    turn_id: str | None = None
    streaming: bool = False
    created_at: str
    updated_at: str


class MessageEdited(Payload, frozen=True, kw_only=True):
    """A message shows another text now."""

    thread_id: str
    message_id: str
    text: str
    updated_at: str


class MessageDeleted(Payload, frozen=True, kw_only=True):
    """A message was marked deleted."""

    thread_id: str
    message_id: str
    deleted_at: str


class MessageRestored(Payload, frozen=True, kw_only=True):
    """A message's deletion was taken back; `text` and what else the row needs are told again."""

    thread_id: str
    message_id: str
    role: Role
    text: str
    turn_id: str | None = None
    streaming: bool = False
    created_at: str
    restored_at: str


class TurnStartRequested(Payload, frozen=True, kw_only=True):
    """Somebody wants a turn to answer this message; it waits until one starts."""

    thread_id: str
    message_id: str
    send_mode: str | None = None
    model: str | None = None
    effort: str | None = None
    created_at: str


class TurnStartWithdrawn(Payload, frozen=True, kw_only=True):
    """A turn that waited is not wanted any more, or has started."""

    thread_id: str
    message_id: str
    created_at: str


class TurnEnded(Payload, frozen=True, kw_only=True):
    """A turn is over of which no session tells."""

    thread_id: str
    turn_id: str
    status: TurnEnd
    ended_at: str


class TurnInterruptRequested(Payload, frozen=True, kw_only=True):
    """Somebody wants the running turn to stop."""

    thread_id: str
    turn_id: str | None = None
    created_at: str


class Session(Payload, frozen=True, kw_only=True):
    """An agent's session in a thread; what is UNSET stays as it was."""

    status: SessionStatus
    provider_name: str | UnsetType | None = UNSET
    provider_session_id: str | UnsetType | None = UNSET
    provider_thread_id: str | UnsetType | None = UNSET
    active_turn_id: str | None = None
    ended_turn_id: str | None = None
    """The turn that this ended, where that is known."""
    user_message_id: str | UnsetType | None = UNSET
    """The message that the active turn answers; None: no message. UNSET: the one that has waited longest, if any."""
    last_error: str | UnsetType | None = UNSET
    updated_at: str


class SessionSet(Payload, frozen=True, kw_only=True):
    """What the agent of a thread is doing now."""

    thread_id: str
    session: Session


class SessionStopRequested(Payload, frozen=True, kw_only=True):
    """Somebody wants the agent of a thread to end."""

    thread_id: str
    created_at: str


class Activity(Payload, frozen=True, kw_only=True):
    """One thing an agent did, asked for or ran into."""

    id: str
    tone: Tone
    kind: str
    summary: str
    payload: Any = None
    turn_id: str | None = None
    created_at: str


class ActivityAppended(Payload, frozen=True, kw_only=True):
    """An activity was noted."""

    thread_id: str
    activity: Activity


class ApprovalResponded(Payload, frozen=True, kw_only=True):
    """Somebody answered what an agent asked leave for."""

    thread_id: str
    request_id: str
    decision: Decision
    created_at: str


class ChangedFile(Payload, frozen=True, kw_only=True):
    """A file that a turn changed."""

    path: str
    kind: str
    additions: int = 0
    deletions: int = 0


class TurnDiffCompleted(Payload, frozen=True, kw_only=True):
    """A checkpoint after a turn; the text of the difference lies in `checkpoint_diff_blobs`."""

    thread_id: str
    turn_id: str
    checkpoint_turn_count: int
    checkpoint_ref: str
    status: CheckpointStatus
    files: list[ChangedFile] = []
    assistant_message_id: str | None = None
    completed_at: str


class CheckpointRevertRequested(Payload, frozen=True, kw_only=True):
    """Somebody wants the thread back at this many turns."""

    thread_id: str
    turn_count: int
    created_at: str


class Reverted(Payload, frozen=True, kw_only=True):
    """What came after so many turns is hidden."""

    thread_id: str
    turn_count: int


class RevertUndone(Payload, frozen=True, kw_only=True):
    """What the event `revert_sequence` hid is shown again."""

    thread_id: str
    revert_sequence: int


TYPES: dict[str, type[Payload]] = {
    "project.created": ProjectCreated,
    "project.meta-updated": ProjectMetaUpdated,
    "project.deleted": ProjectDeleted,
    "thread.created": ThreadCreated,
    "thread.meta-updated": ThreadMetaUpdated,
    "thread.deleted": ThreadDeleted,
    "thread.restored": ThreadRestored,
    "thread.message-sent": MessageSent,
    "thread.message-edited": MessageEdited,
    "thread.message-deleted": MessageDeleted,
    "thread.message-restored": MessageRestored,
    "thread.turn-start-requested": TurnStartRequested,
    "thread.turn-start-withdrawn": TurnStartWithdrawn,
    "thread.turn-ended": TurnEnded,
    "thread.turn-interrupt-requested": TurnInterruptRequested,
    "thread.session-set": SessionSet,
    "thread.session-stop-requested": SessionStopRequested,
    "thread.activity-appended": ActivityAppended,
    "thread.approval-response-requested": ApprovalResponded,
    "thread.turn-diff-completed": TurnDiffCompleted,
    "thread.checkpoint-revert-requested": CheckpointRevertRequested,
    "thread.reverted": Reverted,
    "thread.revert-undone": RevertUndone,
}

TYPE_OF: dict[type[Any], str] = {kind: name for name, kind in TYPES.items()}
