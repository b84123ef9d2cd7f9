"""An event as JSON on one line: envelope and payload spelled as orchestration clients know them."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.events import codec
from chatdoc.model.events.event import ActorKind, AggregateKind, Event


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every field is there, null where nothing is known."""

    sequence: int
    event_id: str
    aggregate_kind: AggregateKind
    stream_id: str
    stream_version: int
    event_type: str
    occurred_at: str
    command_id: str | None
    causation_event_id: str | None
    correlation_id: str | None
    actor_kind: ActorKind
    payload: msgspec.Raw
    metadata: dict[str, Any]


def envelope(event: Event) -> bytes:
    """The event as one line of JSON without its end."""
    said = Envelope(
        sequence=event.sequence,
        event_id=event.event_id,
        aggregate_kind=event.aggregate_kind,
        stream_id=event.stream_id,
        stream_version=event.stream_version,
        event_type=event.event_type,
        occurred_at=event.occurred_at,
        command_id=event.command_id,
        causation_event_id=event.causation_event_id,
        correlation_id=event.correlation_id,
        actor_kind=event.actor_kind,
        payload=msgspec.Raw(codec.encode(event.payload)),
        metadata=event.metadata,
    )
    return msgspec.json.encode(said)
