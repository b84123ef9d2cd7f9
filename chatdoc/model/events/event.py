"""An event is what happened, with all that is needed to order, trace and read it again."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

from chatdoc.model.events.types import TYPE_OF, Payload

AggregateKind = Literal["project", "thread"]
ActorKind = Literal["client", "server", "provider"]


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of a type that this program does not know; kept as it is and passed over."""

    fields: Any


class Draft(NamedTuple):
    """An event to be appended: it has its stream and payload, and gets its place and ids in the log."""

    payload: Payload
    stream_id: str
    kind: AggregateKind = "thread"
    metadata: dict[str, Any] | None = None
    """What is known besides: `providerSessionId`, `requestId`, … and never part of what happened."""
    cause: int = -1
    """Which draft of the same batch caused this one; -1: none of them."""

    @property
    def event_type(self) -> str:
        """The name of what happened."""
        return TYPE_OF[type(self.payload)]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event of a document's log; `sequence` orders all of it, `stream_version` counts its own stream from 0."""

    sequence: int
    document_id: str = ""
    """The document whose log this is; the log says it when it appends and when it reads."""
    event_id: str
    aggregate_kind: AggregateKind
    stream_id: str
    stream_version: int
    event_type: str
    occurred_at: str
    command_id: str | None = None
    causation_event_id: str | None = None
    correlation_id: str | None = None
    actor_kind: ActorKind = "client"
    payload: Payload | Unknown
    metadata: dict[str, Any] = {}
