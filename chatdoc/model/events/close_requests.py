"""A request for leave is over with the turn that made it: whoever ends the turn, nobody is asked for it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Activity, ActivityAppended, MessageSent, SessionSet
from chatdoc.model.facts import Fact, Header, MarkFact
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View

Waiting = Callable[[str, str], Sequence[str]]
"""The requests of a thread and a turn that wait for an answer, the oldest first."""
TRACES = ("generating", "acp_started_at_ms")
"""Fields that tell the message of a turn from others."""


def is_over(view: View, turn_id: str) -> bool:
    """Whether a turn is known and does not run; of one that only its agent knows nothing can be said."""
    if turn_id in view.generating or not view.has_message(turn_id):
        return False
    return any(view.field(turn_id, field) is not None for field in TRACES)


def close_requests(
    view: View, added: Sequence[Fact], drafts: Sequence[Draft], waiting: Waiting, *, now_iso: str
) -> list[Draft]:
    """The events of a change, and after them those that close the requests of turns which the change ended."""
    ends: list[Draft] = []
    for turn_id in _touched(view, added):
        if not is_over(view, turn_id):
            continue
        for thread_id in sorted({one.thread_id for one in view.variants_of_message(turn_id)}):
            for request_id in waiting(thread_id, turn_id):
                cause = _cause(drafts, thread_id, turn_id)
                ends.append(closed(view, thread_id, turn_id, request_id, now_iso=now_iso, cause=cause))
    return [*drafts, *ends]


def closed(
    view: View, thread_id: str, turn_id: str, request_id: str, *, now_iso: str, cause: int = -1
) -> Draft:
    """The event that closes a request because its turn is over."""
    how = _how(view, turn_id)
    activity = Activity(
        id=f"{request_id}:over",
        tone="approval",
        kind="approval.resolved",
        summary=f"The turn {how} before anybody answered",
        payload={"requestId": request_id, "decision": "cancel", "detail": f"turn {turn_id} {how}"},
        turn_id=turn_id,
        created_at=now_iso,
    )
    said = ActivityAppended(thread_id=thread_id, activity=activity)
    return Draft(said, thread_id, "thread", {"requestId": request_id}, cause)


def _touched(view: View, added: Sequence[Fact]) -> Iterator[MessageId]:
    """Messages of which the change says whether they are being written, each once."""
    seen: set[MessageId] = set()
    for fact in added:
        kind = type(fact)
        if kind is MarkFact and fact.field == "generating":  # type: ignore[union-attr]
            message_id: MessageId = fact.message_id  # type: ignore[union-attr]
        elif kind is Header and fact.message_id in view.header_variants:  # type: ignore[union-attr]
            message_id = fact.message_id  # type: ignore[union-attr]
        else:
            continue
        if message_id not in seen:
            seen.add(message_id)
            yield message_id


def _cause(drafts: Sequence[Draft], thread_id: str, turn_id: str) -> int:
    """The event that tells of the end: that of the session, or else that of the message."""
    told = -1
    for place, draft in enumerate(drafts):
        payload = draft.payload
        if isinstance(payload, SessionSet) and payload.thread_id == thread_id:
            return place
        if isinstance(payload, MessageSent) and payload.message_id == turn_id:
            told = place
    return told


def _how(view: View, turn_id: str) -> str:
    if view.field(turn_id, "acp_error") is not None:
        return "failed"
    if view.field(turn_id, "acp_interrupted") is True:
        reason = view.field(turn_id, "acp_interrupted_reason")
        return f"was interrupted ({reason})" if isinstance(reason, str) else "was interrupted"
    return "ended"
