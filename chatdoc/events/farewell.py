"""What a document showed is told to be gone when no path leads to it any more, so that no table shows it for ever."""

from __future__ import annotations

from collections.abc import Iterator

from chatdoc.events.event import Draft
from chatdoc.events.payloads import (
    MessageDeleted,
    Payload,
    Session,
    SessionSet,
    ThreadDeleted,
    TurnStartWithdrawn,
)
from chatdoc.events.shown import parts_of, show
from chatdoc.records.view import View


def farewell(view: View, *, now_iso: str) -> Iterator[Draft]:
    """The events of a document that leaves: its queue, messages, sessions and threads, in a fixed order."""
    for message_id in sorted(view.headers):
        shown = show(parts_of(view, message_id))
        if shown.queued is not None:
            yield _draft(
                TurnStartWithdrawn(thread_id=shown.thread_id, message_id=message_id, created_at=now_iso)
            )
        if shown.deleted is None:
            yield _draft(MessageDeleted(thread_id=shown.thread_id, message_id=message_id, deleted_at=now_iso))
    for name in sorted(thread_id for thread_id, facts in view.states.items() if facts):
        session = Session(status="stopped", active_turn_id=None, updated_at=now_iso)
        yield _draft(SessionSet(thread_id=name, session=session))
    for thread_id in view.thread_ids():
        thread = view.thread(thread_id)
        if thread is not None and thread.deleted_at is None:
            yield _draft(ThreadDeleted(thread_id=thread_id, deleted_at=now_iso))


def _draft(payload: Payload) -> Draft:
    return Draft(payload, payload.thread_id)  # type: ignore[attr-defined]
