"""Transcript turns as facts of a document: a question, its answer and how the turn ended, under ids that derive.

A thread keeps its UUID, an answer that of its turn; a ULID of our own that a transcript spells as a UUID is found again
by whoever asks (`identity.py`). What a document has already is left out by its caller's word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Fact, Header, StateFact, ThreadFact
from chatdoc.model.ids import STAMP_MS_END, MessageId, Stamp, ThreadId, derive
from migrate.session.thread_state import Activity
from migrate.transcript.turn import TranscriptTurn, in_order

SENDER = "codexchat"
KIND_LENGTH_MAX = 1000
"""What the event log takes as the kind of an activity."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What turns give a document, and what became of them."""

    facts: list[Fact]
    activities: list[Activity]
    added: int
    known: int
    waiting: int
    """Turns that run still: their question is there, their answer comes with their end."""


def facts_of(
    thread_id: ThreadId,
    turns: list[TranscriptTurn],
    *,
    begun: bool,
    message_of: Callable[[str], str],
    is_known: Callable[[str], bool],
) -> Told:
    """The facts of the turns that a document lacks, in order.

    `begun` says that the thread is there, `message_of` spells a turn's id as its message's, `is_known` says whether a
    message is there.
    """
    facts: list[Fact] = []
    activities: list[Activity] = []
    ordered = in_order(turns)
    root = MessageId(derive("transcript root", 0, thread_id))
    clock = _ms(ordered[0].timestamp) if ordered else 0
    if not begun and ordered:
        facts += _root(thread_id, root, clock)
    added = known = waiting = 0
    for turn in ordered:
        clock = max(clock + 1, _ms(turn.timestamp))
        answer = MessageId(message_of(turn.turn_id))
        question = MessageId(derive("transcript question", 0, thread_id, turn.turn_id))
        if is_known(answer):
            known += 1
            continue
        if turn.user_text and not is_known(question):
            facts.append(_message(question, thread_id, "user", clock, root, turn.user_text))
        if turn.status == "pending":
            waiting += 1
            continue
        clock += 1
        facts += _answer(turn, thread_id, answer, question if turn.user_text else None, root, clock)
        activities += _activities(turn, thread_id, answer)
        added += 1
    return Told(facts=facts, activities=activities, added=added, known=known, waiting=waiting)


def _root(thread_id: ThreadId, root: MessageId, ms: int) -> list[Fact]:
    thread = ThreadFact(
        thread_id=thread_id,
        created_at=iso(ms),
        created_by=SENDER,
        root_message_id=root,
        extra={"transcript": {"id": thread_id}},
    )
    return [thread, _message(root, thread_id, "system", ms, None, f"transcript {thread_id}")]


def _message(
    message_id: MessageId,
    thread_id: ThreadId,
    sender: str,
    ms: int,
    reply_to: MessageId | None,
    text: str,
    fields: dict[str, Any] | None = None,
) -> Header:
    return Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id=sender,
        date=iso(ms),
        reply_to_message_id=reply_to,
        content=text,
        fields=fields,
    )


def _answer(
    turn: TranscriptTurn,
    thread_id: ThreadId,
    answer: MessageId,
    question: MessageId | None,
    root: MessageId,
    ms: int,
) -> list[Fact]:
    fields: dict[str, Any] = {"acp_thread_id": thread_id}
    if question is not None:
        fields["parent_message_id"] = question
    if turn.status == "failed":
        fields["acp_error"] = "the transcript says that this turn failed"
    state = StateFact(
        thread_id=thread_id,
        stamp=Stamp(derive("state", ms, thread_id, answer, turn.status)),
        state="error" if turn.status == "failed" else "complete",
        updated_at=iso(ms),
        active_message_id=answer,
    )
    return [_message(answer, thread_id, SENDER, ms, question or root, turn.assistant_text, fields), state]


def _activities(turn: TranscriptTurn, thread_id: ThreadId, answer: MessageId) -> list[Activity]:
    found = []
    seconds: Counter[str] = Counter()
    for place, one in enumerate(turn.actions):
        # Files tell whole seconds. Milliseconds keep the order of those within one.
        ms = _ms(one.created_at) + min(seconds[one.created_at], 999)
        seconds[one.created_at] += 1
        payload: dict[str, Any] = {"detail": one.detail, "createdAt": one.created_at, **one.extra}
        if one.item_id is not None:
            payload["itemID"] = one.item_id
        if one.item_type is not None:
            payload["itemType"] = one.item_type
        activity = Activity(
            activity_id=derive("transcript action", 0, thread_id, turn.turn_id, str(place)),
            thread=thread_id,
            kind=one.method[:KIND_LENGTH_MAX] or "action",
            summary=one.title,
            payload=payload,
            turn_id=answer,
            created_at=iso(ms),
        )
        found.append(activity)
    return found


def _ms(date: str) -> int:
    return min(max(ms_of(date), 0), STAMP_MS_END - 1_000_000_000)
