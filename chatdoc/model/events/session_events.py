"""What a change made of a thread's session: what its agent is doing now, and which turn is the active one.

| state | session |
| --- | --- |
| `running` | `running`, its active message is the active turn |
| `complete` | `ready` |
| `idle`, `interrupted`, `error` | the same; `error` with the message's `acp_error` |
| `queued` | `idle`: nothing runs; how the last turn ended is no part of the state any more |
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from chatdoc.model.events.message_events import request
from chatdoc.model.events.message_state import parts_of, show
from chatdoc.model.events.ordering import Batch
from chatdoc.model.events.role import role_of
from chatdoc.model.events.types import Session, SessionSet, SessionStatus
from chatdoc.model.facts import StateFact
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View

STATUS: dict[str, SessionStatus] = {
    "idle": "idle",
    "queued": "idle",
    "running": "running",
    "interrupted": "interrupted",
    "error": "error",
    "complete": "ready",
}
"""The session's status in each state of a thread."""

_ENDS = frozenset({"complete", "interrupted", "error"})

COMPANIONS = frozenset({"acp_error", "parent_message_id"})
"""Fields of the active message that a session tells too."""


def tell_states(
    view: View, thread_id: ThreadId, new: Collection[int], sent: Collection[str], batch: Batch
) -> None:
    """The states that stand above the last one known before; `new` are the ids of new facts, `sent` new messages.

    A turn that came whole, with its end, is told from its start, so that there is a turn.
    """
    facts = view.states[thread_id]
    start = len(facts)
    while start and id(facts[start - 1]) in new:
        start -= 1
    for fact in facts[start:]:
        if fact.state not in ("queued", "running") and fact.active_message_id in sent:
            _tell_start(view, fact, facts, batch)
        _tell(view, fact, batch)


def tell_present(view: View, thread_id: str, batch: Batch) -> None:
    """The state that holds."""
    _tell(view, view.states[thread_id][-1], batch)


def session(view: View, fact: StateFact) -> SessionSet:
    """A state as a session."""
    active = fact.active_message_id
    answered = _answered(view, fact)
    running = fact.state == "running"
    return SessionSet(
        thread_id=fact.thread_id,
        session=Session(
            status=STATUS[fact.state],
            active_turn_id=active if running else None,
            ended_turn_id=active if fact.state in _ENDS else None,
            user_message_id=answered if running else UNSET,
            last_error=_error(view, active) if fact.state == "error" else None,
            updated_at=fact.updated_at,
        ),
    )


def _tell(view: View, fact: StateFact, batch: Batch) -> None:
    batch.sessions.append(session(view, fact))
    answered = _answered(view, fact)
    if fact.state == "running" and answered is not None and view.thread_of(answered) == fact.thread_id:
        # A session that runs takes the start it answers; of two replicas one may have asked again meanwhile.
        waiting = request(view, show(parts_of(view, answered)))
        if waiting is not None and waiting not in batch.requested:
            batch.requested.append(waiting)


def _answered(view: View, fact: StateFact) -> str | None:
    active = fact.active_message_id
    answered = view.field(active, "parent_message_id") if active is not None else None
    return answered if isinstance(answered, str) else None


def _tell_start(view: View, end: StateFact, facts: Sequence[StateFact], batch: Batch) -> None:
    active = end.active_message_id
    if active is None or any(one.state == "running" and one.active_message_id == active for one in facts):
        return
    variants = view.variants_of_message(active)
    if (
        variants[0].thread_id == end.thread_id
        and role_of(variants, view.marks.get(active, ())) == "assistant"
    ):
        start = msgspec.structs.replace(end, state="running", updated_at=variants[0].date)
        _tell(view, start, batch)


def _error(view: View, active: str | None) -> str | None:
    value: Any = view.field(active, "acp_error") if active is not None else None
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value, order="deterministic").decode()
