"""What an event says, in a few words on one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from chatdoc.model.events import codec
from chatdoc.model.events import types as said
from chatdoc.model.events.event import Event, Unknown


def brief(event: Event) -> str:
    """The gist of an event, without what its type and stream say already; not yet safe for a terminal."""
    payload = event.payload
    if isinstance(payload, Unknown):
        return codec.encode(payload)
    say, by = _BRIEFS.get(type(payload)), event.metadata.get("by")
    return ("" if say is None else say(payload)) + (f" by {by}" if isinstance(by, str) else "")


def _given(payload: Any) -> str:
    """The fields that an update says."""
    fields = {
        name: getattr(payload, name)
        for name in (
            "title",
            "model",
            "branch",
            "worktree_path",
            "workspace_root",
            "default_model",
            "scripts",
        )
        if getattr(payload, name, UNSET) is not UNSET
    }
    config = getattr(payload, "config", UNSET)
    fields |= {} if config is UNSET else config
    return ", ".join(f"{name} {_plain(value)}" for name, value in fields.items())


def _plain(value: Any) -> str:
    if value is None:
        return "cleared"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _message(sent: said.MessageSent | said.MessageRestored) -> str:
    return f"{sent.role}{'…' if sent.streaming else ':'} {sent.text}"


def _session(payload: said.SessionSet) -> str:
    session = payload.session
    parts: list[str] = [session.status]
    if session.active_turn_id is not None:
        parts.append(f"turn {session.active_turn_id}")
    if isinstance(session.last_error, str):
        parts.append(session.last_error)
    return ", ".join(parts)


def _diff(payload: said.TurnDiffCompleted) -> str:
    files = len(payload.files)
    return f"turn {payload.checkpoint_turn_count} {payload.status}, {files} file{'s' * (files != 1)}"


def _start(payload: said.TurnStartRequested) -> str:
    return payload.message_id + (f", {payload.send_mode}" if payload.send_mode else "")


_BRIEFS: dict[type[said.Payload], Callable[[Any], str]] = {
    said.ProjectCreated: lambda payload: payload.title,
    said.ProjectMetaUpdated: _given,
    said.ThreadCreated: lambda payload: payload.model,
    said.ThreadMetaUpdated: _given,
    said.MessageSent: _message,
    said.MessageEdited: lambda payload: payload.text,
    said.MessageDeleted: lambda payload: payload.message_id,
    said.MessageRestored: _message,
    said.TurnStartRequested: _start,
    said.TurnStartWithdrawn: lambda payload: payload.message_id,
    said.TurnInterruptRequested: lambda payload: payload.turn_id or "",
    said.SessionSet: _session,
    said.ActivityAppended: lambda payload: f"{payload.activity.kind}: {payload.activity.summary}",
    said.ApprovalResponded: lambda payload: f"{payload.request_id}: {payload.decision}",
    said.TurnDiffCompleted: _diff,
    said.CheckpointRevertRequested: lambda payload: f"to turn {payload.turn_count}",
    said.Reverted: lambda payload: f"to turn {payload.turn_count}",
    said.RevertUndone: lambda payload: f"of event {payload.revert_sequence}",
}
