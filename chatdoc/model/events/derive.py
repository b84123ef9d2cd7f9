"""Events follow from a change that the view has taken, whoever made it; folded, they give what the view shows.

Nothing is remembered between changes: what is told is what the new facts show now, and a fact that is not shown
(a lower stamp, a revision below the newest, a message without its header) is not told. So the log is true after any
history: facts late, twice, out of order, in variants, from peers, repairs and files.

What it does not tell: who moved a reply, a thread's date once told, config of a kind that does not fit its column, and
fields that only the document has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatdoc.model.delta import Delta
from chatdoc.model.events import message_events, session_events, thread_events
from chatdoc.model.events.event import Draft
from chatdoc.model.events.message_state import is_silent, parts_of, show
from chatdoc.model.events.ordering import Batch, draft
from chatdoc.model.events.role import SYSTEM
from chatdoc.model.events.types import (
    MessageSent,
)
from chatdoc.model.facts import Fact, Header, MarkFact, PieceFact, RevisionFact, SettingFact, StateFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


def derive(view: View, delta: Delta, added: Sequence[Fact], *, project_id: str, now_iso: str) -> list[Draft]:
    """The events of a change: `delta` and `added` as `records.index.apply` gave them, the very same objects.

    It may be called before or after superseded facts are taken out of the view.
    `now_iso` dates what has no time of its own.
    """
    if len(added) == 1:
        fact = added[0]
        kind = type(fact)
        if kind is Header:
            if _is_plain(view, fact):  # type: ignore[arg-type]
                return [plain(fact)]  # type: ignore[arg-type]
        elif kind is PieceFact and (fact.message_id, fact.seq) not in view.piece_variants:  # type: ignore[union-attr]
            pieces = view.pieces.get(fact.message_id)  # type: ignore[union-attr]
            if pieces is None or is_silent(pieces, fact.seq):  # type: ignore[union-attr]
                return []
    return derive_fully(view, delta, added, project_id=project_id, now_iso=now_iso)


def derive_fully(
    view: View, delta: Delta, added: Sequence[Fact], *, project_id: str, now_iso: str
) -> list[Draft]:
    """What `derive` does, for changes of any kind."""
    batch = Batch()
    messages: dict[MessageId, list[Fact]] = {}
    settings: dict[ThreadId, list[SettingFact]] = {}
    states: set[ThreadId] = set()
    for fact in added:
        match fact:
            case Header() | RevisionFact() | MarkFact() | PieceFact():
                messages.setdefault(fact.message_id, []).append(fact)
            case SettingFact():
                settings.setdefault(fact.thread_id, []).append(fact)
            case StateFact():
                states.add(fact.thread_id)
    for thread_id in _by_date(view, delta.new_threads):
        thread_events.tell_new(view, thread_id, project_id, batch)
    for thread_id in sorted(settings):
        if view.has_thread(thread_id) and thread_id not in delta.new_threads:
            thread_events.tell_change(view, thread_id, settings[thread_id], batch)
    known = {id(fact) for fact in added}
    sent = _tell_messages(view, messages, known, states, now_iso, batch)
    for thread_id in sorted(states):
        if thread_id in view.states:
            session_events.tell_states(view, thread_id, known, sent, batch)
    return batch.drafts()


def begin(view: View, *, project_id: str, now_iso: str) -> Iterator[Draft]:
    """The events of a whole document whose log begins, one after the other: threads, messages, sessions, queue."""
    batch = Batch()
    for thread_id in view.thread_ids():
        thread_events.tell_new(view, thread_id, project_id, batch)
    for name in sorted(view.states):
        session_events.tell_present(view, name, batch)
    yield from map(draft, batch.created)
    yield from map(draft, batch.settled)
    later = Batch()
    for header in sorted(view.headers.values(), key=lambda one: (one.date, one.message_id)):
        if _is_plain(view, header):
            yield plain(header)
        else:
            shown = show(parts_of(view, header.message_id))
            message_events.tell_new(view, shown, later)
            yield draft(later.sent.pop())
    yield from map(draft, later.gone)
    yield from map(draft, batch.threads_gone)
    told = {payload.session.ended_turn_id for payload in batch.sessions}
    yield from (draft(payload) for payload in later.ended if payload.turn_id not in told)
    yield from map(draft, batch.sessions)
    yield from map(draft, later.requested)


def plain(header: Header) -> Draft:
    """The event of a message of which nothing but its header is known, and that carries no fields."""
    thread_id = header.thread_id
    date = header.date
    return Draft(
        MessageSent(
            thread_id=thread_id,
            message_id=header.message_id,
            role="system" if header.sender_id in SYSTEM else "user",
            text=header.content,
            created_at=date,
            updated_at=date if header.revised_at is None else header.revised_at,
        ),
        thread_id,
    )


def _is_plain(view: View, header: Header) -> bool:
    message_id = header.message_id
    return (
        header.fields is None
        and message_id not in view.marks
        and message_id not in view.revisions
        and message_id not in view.pieces
        and message_id not in view.header_variants
    )


def _tell_messages(
    view: View,
    messages: dict[MessageId, list[Fact]],
    known: set[int],
    states: set[ThreadId],
    now_iso: str,
    batch: Batch,
) -> set[MessageId]:
    """Tell of each message, by date and id; returns those that are new."""
    headers = view.headers
    sent: set[MessageId] = set()
    for _, message_id in sorted((headers[one].date, one) for one in messages if one in headers):
        new = messages[message_id]
        parts = parts_of(view, message_id)
        shown = show(parts)
        if all(id(one) in known for one in parts.variants):
            sent.add(message_id)
            message_events.tell_new(view, shown, batch)
        else:
            message_events.tell_change(view, shown, parts, new, now_iso, batch)
        if shown.thread_id not in states and _accompanies(view, shown.thread_id, message_id, new):
            session_events.tell_present(view, shown.thread_id, batch)
    return sent


def _accompanies(view: View, thread_id: ThreadId, message_id: MessageId, new: Sequence[Fact]) -> bool:
    """Whether the message of a session that was told says more about it now."""
    states = view.states.get(thread_id)
    present = states[-1] if states else None
    if (
        present is None
        or present.active_message_id != message_id
        or present.state not in ("running", "error")
    ):
        return False
    fields = {one.field for one in new if type(one) is MarkFact}
    if any(type(one) is Header for one in new):
        fields |= {field for field in session_events.COMPANIONS if view.field(message_id, field) is not None}
    return not fields.isdisjoint(session_events.COMPANIONS)


def _by_date(view: View, thread_ids: frozenset[ThreadId]) -> list[ThreadId]:
    return sorted(thread_ids, key=lambda one: (view.thread_facts[one].created_at, one))
