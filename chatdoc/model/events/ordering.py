"""The events of one change stand in one order: what comes into being first, then what happens to it."""

from __future__ import annotations

from collections.abc import Sequence

from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    Payload,
    SessionSet,
    ThreadCreated,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnEnded,
    TurnStartRequested,
    TurnStartWithdrawn,
)


class Batch:
    """Events in the making, by kind; each kind in the order in which it was added."""

    __slots__ = (
        "created",
        "edited",
        "ended",
        "gone",
        "left",
        "requested",
        "sent",
        "sessions",
        "settled",
        "threads_gone",
        "withdrawn",
    )

    def __init__(self) -> None:
        self.created: list[ThreadCreated] = []
        self.settled: list[ThreadMetaUpdated] = []
        self.left: list[MessageDeleted] = []
        """Messages that went over to another thread; each is sent there."""
        self.sent: list[MessageSent] = []
        self.edited: list[MessageEdited] = []
        self.gone: list[MessageDeleted | MessageRestored] = []
        self.threads_gone: list[ThreadDeleted | ThreadRestored] = []
        self.withdrawn: list[TurnStartWithdrawn] = []
        self.requested: list[TurnStartRequested] = []
        self.ended: list[TurnEnded] = []
        self.sessions: list[SessionSet] = []

    def drafts(self) -> list[Draft]:
        """All of them in order; a turn that is asked for is caused by the message that asks, where that is new."""
        drafts = [draft(payload) for payload in self.created]
        drafts += [draft(payload) for payload in self.settled]
        drafts += [draft(payload) for payload in self.left]
        places = {payload.message_id: len(drafts) + at for at, payload in enumerate(self.sent)}
        drafts += [draft(payload) for payload in self.sent]
        drafts += [draft(payload) for payload in self.edited]
        drafts += [draft(payload) for payload in self.gone]
        drafts += [draft(payload) for payload in self.threads_gone]
        drafts += [draft(payload) for payload in self.withdrawn]
        told = {payload.session.ended_turn_id for payload in self.sessions}
        drafts += [draft(payload) for payload in self.ended if payload.turn_id not in told]
        drafts += [draft(payload) for payload in self.sessions]
        for request in self.requested:
            cause = places.get(request.message_id, -1)
            drafts.append(Draft(request, request.thread_id, "thread", None, cause))
        return drafts


def draft(payload: Payload) -> Draft:
    """An event of the thread its payload names."""
    return Draft(payload, payload.thread_id)  # type: ignore[attr-defined]


def joined(drafts: Sequence[Draft], more: Sequence[Draft]) -> list[Draft]:
    """Two batches as one: what the second says of causes is about its own events still."""
    shift = len(drafts)
    later = [one if one.cause < 0 else one._replace(cause=one.cause + shift) for one in more]
    return [*drafts, *later]
