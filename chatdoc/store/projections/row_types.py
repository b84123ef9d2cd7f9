"""What projections are read as: plain values, spelled in JSON as orchestration clients know them."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.model.events.types import CheckpointStatus, Role, SessionStatus, Tone


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A row as readers see it; in JSON every field is there, null where nothing is known."""


class Project(Shape, frozen=True, kw_only=True):
    """The workspace folder."""

    id: str
    title: str
    workspace_root: str
    default_model: str | None
    scripts: list[Any]
    created_at: str
    updated_at: str
    deleted_at: str | None


class Message(Shape, frozen=True, kw_only=True):
    """A message with the text it shows now."""

    id: str
    role: Role
    text: str
    turn_id: str | None
    streaming: bool
    created_at: str
    updated_at: str


class PlacedMessage(Message, frozen=True, kw_only=True):
    """A message that was asked for by its id, so its thread is said too."""

    thread_id: str


class Activity(Shape, frozen=True, kw_only=True):
    """One thing an agent did, asked for or ran into."""

    id: str
    tone: Tone
    kind: str
    summary: str
    payload: Any
    turn_id: str | None
    created_at: str


class ChangedFile(Shape, frozen=True, kw_only=True):
    """A file that a turn changed."""

    path: str
    kind: str
    additions: int
    deletions: int


class Checkpoint(Shape, frozen=True, kw_only=True):
    """What a turn left in the files."""

    turn_id: str
    completed_at: str
    status: CheckpointStatus
    files: list[ChangedFile]
    checkpoint_ref: str
    assistant_message_id: str | None
    checkpoint_turn_count: int


class Session(Shape, frozen=True, kw_only=True):
    """What the agent of a thread is doing."""

    thread_id: str
    status: SessionStatus
    provider_name: str | None
    provider_session_id: str | None
    provider_thread_id: str | None
    active_turn_id: str | None
    last_error: str | None
    updated_at: str


class ThreadRow(Shape, frozen=True, kw_only=True):
    """A thread without what is in it."""

    id: str
    project_id: str
    title: str
    model: str
    branch: str | None
    worktree_path: str | None
    latest_turn_id: str | None
    created_at: str
    updated_at: str
    deleted_at: str | None


class Thread(ThreadRow, frozen=True, kw_only=True):
    """A thread with all that is shown in it."""

    messages: list[Message]
    activities: list[Activity]
    checkpoints: list[Checkpoint]
    session: Session | None


class Turn(Shape, frozen=True, kw_only=True):
    """One run of an agent; `turn_count` is None until it has a checkpoint."""

    turn_id: str
    thread_id: str
    turn_count: int | None
    status: str
    user_message_id: str | None
    assistant_message_id: str | None
    started_at: str
    completed_at: str | None


class Approval(Shape, frozen=True, kw_only=True):
    """A request for leave, and the answer to it."""

    request_id: str
    thread_id: str
    turn_id: str | None
    status: str
    decision: str | None
    created_at: str
    resolved_at: str | None


class TurnCounts(NamedTuple):
    """The turns of a thread, and how many of them run."""

    turns: int = 0
    running: int = 0


def from_json(text: str, kind: Any, table: str, row_id: object) -> Any:
    """A stored JSON text as the value it stands for; raises StoreDamaged where it is none."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, TypeError) as error:
        raise StoreDamaged(
            f"row {row_id} of {table} is not the JSON that was stored ({type(error).__name__})",
            hint="Rebuild the projections; the events they are folded from are kept",
        ) from error
