"""What an agent says that only the log keeps is one command, and the same one whenever it is said."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from chatdoc.apps.provider.kinds import STATUSES, TURN_ENDS
from chatdoc.apps.provider.runtime_event import RuntimeEvent, message_of
from chatdoc.model.commands.activities import AppendActivity, RequestApproval
from chatdoc.model.commands.checkpoints import CompleteCheckpoint
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.types import ChangedFile, CheckpointStatus, Tone
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View

CHECKPOINT_STATUS: dict[str, CheckpointStatus] = {
    "failed": "error",
    "cancelled": "missing",
    "interrupted": "missing",
}
"""How a checkpoint stands whose runtime status is this; any other one is ready."""

_TONES: tuple[tuple[str, Tone], ...] = (
    ("tool.", "tool"),
    ("approval.", "approval"),
    ("runtime.error", "error"),
)


class End(NamedTuple):
    """How a turn ended according to its agent."""

    status: str
    error: str
    usage: dict[str, Any] | None


def end_of(event: RuntimeEvent) -> End:
    """The end of a turn that an event tells; raises CommandRefused for one it cannot tell, over as it is."""
    usage, said = event.payload.get("usage"), event.text("status") or TURN_ENDS[event.type]
    status = STATUSES.get(said.lower())
    if status is None or not (usage is None or isinstance(usage, dict)):
        raise CommandRefused(
            f"{event.type} {event.event_id}: expected payload.status to be one of {', '.join(STATUSES)} and"
            f" payload.usage an object, got {ascii(said)[:80]} and {type(usage).__name__}"
        )
    return End(status, event.text("error") or event.text("message"), usage)


def activity_of(event: RuntimeEvent, view: View) -> AppendActivity:
    """What was said as an activity, with what the agent process really said."""
    return AppendActivity(
        thread_id=ThreadId(event.thread_id),
        activity_id=event.key("activity"),
        kind=event.type,
        summary=_summary(event),
        tone=next((tone for start, tone in _TONES if event.type.startswith(start)), "info"),
        payload=_payload(event),
        turn_id=message_of(event, view) if event.names_turn else None,
        metadata=event.metadata(),
    )


def approval_of(event: RuntimeEvent, view: View) -> RequestApproval:
    """A request for leave; it has the id its provider gave it, by which it will be answered."""
    return RequestApproval(
        thread_id=ThreadId(event.thread_id),
        request_id=event.text("requestId"),
        summary=_summary(event),
        payload=_payload(event),
        turn_id=message_of(event, view) if event.names_turn else None,
        expires_at=event.text("expiresAt") or None,
    )


def checkpoint_of(event: RuntimeEvent, view: View) -> CompleteCheckpoint:
    """A checkpoint after a turn."""
    message_id = message_of(event, view)
    try:
        files = msgspec.convert(event.payload.get("files") or [], tuple[ChangedFile, ...])
    except msgspec.ValidationError:
        raise CommandRefused(
            f"{event.type} {event.event_id}: expected payload.files to be objects with path and kind"
        ) from None
    return CompleteCheckpoint(
        thread_id=ThreadId(event.thread_id),
        turn_id=message_id,
        turn_count=event.payload.get("turnCount"),  # type: ignore[arg-type]
        checkpoint_ref=event.text("checkpointRef"),
        status=CHECKPOINT_STATUS.get(event.text("status"), "ready"),
        files=files,
        assistant_message_id=message_id if view.has_message(message_id) else None,
        diff=event.payload.get("diff"),
    )


def _summary(event: RuntimeEvent) -> str:
    return event.text("summary") or event.text("title") or event.text("message") or event.type


def _payload(event: RuntimeEvent) -> dict[str, Any]:
    said = {"createdAt": event.created_at, **event.payload}
    if event.item_id is not None:
        said["itemId"] = event.item_id
    if event.raw is not None:
        said["raw"] = event.raw
    return said
