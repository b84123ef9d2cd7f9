"""What a change made of a message: sent, gone on, edited, deleted, restored, or waiting for a turn.

Told is what is shown now, whenever a new fact is the one that shows it; so it is true though facts come late, twice
or out of order, and though superseded ones were removed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatdoc.model.clock import iso
from chatdoc.model.events.message_state import Parts, Shown, show
from chatdoc.model.events.ordering import Batch
from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    TurnEnd,
    TurnEnded,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.model.facts import Fact, Header, MarkFact, PieceFact, RevisionFact
from chatdoc.model.ids import time_ms
from chatdoc.model.view.view import View


def tell_new(view: View, shown: Shown, batch: Batch) -> None:
    """A message that no event has told of: what it is now, as if it had come so."""
    batch.sent.append(sent(shown, shown.text, shown.revised_at))
    if shown.deleted is not None:
        batch.gone.append(_deleted(shown, shown.deleted))
    over = _ended(view, shown)
    if over is not None and over.status != "completed":
        batch.ended.append(over)
    waiting = request(view, shown)
    if waiting is not None:
        batch.requested.append(waiting)


def tell_change(
    view: View, shown: Shown, parts: Parts, new: Sequence[Fact], now_iso: str, batch: Batch
) -> None:
    """A message that events have told of, and what the new facts change of it."""
    marked = {fact.field for fact in new if type(fact) is MarkFact and parts.marks[fact.field][-1] is fact}
    before = show(_without(view, parts, new))
    if before.streaming and (over := _ended(view, shown)) is not None:
        batch.ended.append(over)
    moved = before.thread_id != shown.thread_id
    if moved and (before.deleted is None or "deleted" in marked):
        batch.left.append(_gone(before, now_iso))
    if "deleted" in marked:
        mark = parts.marks["deleted"][-1]
        batch.gone.append(_deleted(shown, mark) if shown.deleted is not None else _restored(shown, mark))
    elif shown.deleted is None:
        if moved:
            batch.sent.append(sent(shown, shown.text, shown.revised_at))
        else:
            _tell_text(before, shown, "generating" in marked, now_iso, batch)
    if moved and "acp_state" in parts.marks:
        batch.withdrawn.append(_withdrawal(before, now_iso))
    if moved or not marked.isdisjoint(("acp_state", "acp_send_mode", "deleted")):
        _tell_queue(view, shown, parts, marked, batch)


def _tell_queue(view: View, shown: Shown, parts: Parts, marked: set[str], batch: Batch) -> None:
    waiting = request(view, shown)
    if waiting is not None:
        batch.requested.append(waiting)
    elif "acp_state" in marked:
        batch.withdrawn.append(_withdrawal(shown, iso(time_ms(parts.marks["acp_state"][-1].stamp))))
    elif shown.deleted is not None and "acp_state" in parts.marks:
        batch.withdrawn.append(_withdrawal(shown, iso(time_ms(shown.deleted.stamp))))


def _tell_text(before: Shown, shown: Shown, turned: bool, now_iso: str, batch: Batch) -> None:
    text, streaming = shown.text, shown.streaming
    if turned or before.streaming != streaming:
        # How much of an earlier stream was told cannot be known once its pieces are gone: so all is told anew.
        batch.sent.append(sent(shown, "" if streaming else text, shown.revised_at))
        if streaming or not text:
            batch.edited.append(_edited(shown))
    elif before.role != shown.role:
        batch.sent.append(sent(shown, "" if streaming else text, now_iso))
        if text != before.text and (streaming or not text):
            batch.edited.append(_edited(shown))
    elif text != before.text:
        if streaming and text.startswith(before.text):
            batch.sent.append(sent(shown, text[len(before.text) :], now_iso))
        else:
            batch.edited.append(_edited(shown))


def _without(view: View, parts: Parts, new: Sequence[Fact]) -> Parts:
    """The facts a message had before the new ones came; those that were removed meanwhile are not among them."""
    known = {id(fact) for fact in new}
    kinds = {type(fact) for fact in new}
    variants, revisions, marks, pieces = parts
    if Header in kinds:
        variants = [one for one in variants if id(one) not in known]
    if RevisionFact in kinds:
        revisions = [one for one in revisions if id(one) not in known]
    if MarkFact in kinds:
        fields = {fact.field for fact in new if type(fact) is MarkFact}
        kept = {field: [one for one in marks[field] if id(one) not in known] for field in fields}
        marks = {field: facts for field, facts in {**marks, **kept}.items() if facts}
    if PieceFact in kinds:
        pieces = _pieces_without(view, parts.pieces, new)
    return Parts(variants, revisions, marks, pieces)


def _pieces_without(view: View, pieces: Mapping[int, str], new: Sequence[Fact]) -> Mapping[int, str]:
    before = dict(pieces)
    for fact in new:
        if type(fact) is not PieceFact or fact.seq not in before:
            continue
        came = {one.text for one in new if type(one) is PieceFact and one.seq == fact.seq}
        texts = [text for text in view.texts_of_piece(fact.message_id, fact.seq) if text not in came]
        if texts:
            before[fact.seq] = texts[0]
        else:
            del before[fact.seq]
    return before


def sent(shown: Shown, text: str, updated_at: str) -> MessageSent:
    """The message, saying this much; it is streaming when the message is."""
    return MessageSent(
        thread_id=shown.thread_id,
        message_id=shown.message_id,
        role=shown.role,
        text=text,
        turn_id=shown.message_id if shown.role == "assistant" else None,
        streaming=shown.streaming,
        created_at=shown.date,
        updated_at=updated_at,
    )


def _edited(shown: Shown) -> MessageEdited:
    return MessageEdited(
        thread_id=shown.thread_id,
        message_id=shown.message_id,
        text=shown.text,
        updated_at=shown.revised_at,
    )


def _deleted(shown: Shown, mark: MarkFact) -> MessageDeleted:
    return _gone(shown, iso(time_ms(mark.stamp)))


def _gone(shown: Shown, deleted_at: str) -> MessageDeleted:
    return MessageDeleted(thread_id=shown.thread_id, message_id=shown.message_id, deleted_at=deleted_at)


def _restored(shown: Shown, mark: MarkFact) -> MessageRestored:
    return MessageRestored(
        thread_id=shown.thread_id,
        message_id=shown.message_id,
        role=shown.role,
        text=shown.text,
        turn_id=shown.message_id if shown.role == "assistant" else None,
        streaming=shown.streaming,
        created_at=shown.date,
        restored_at=iso(time_ms(mark.stamp)),
    )


def _ended(view: View, shown: Shown) -> TurnEnded | None:
    """The end of the turn a message was written in, or None while it is written, and for what no agent says."""
    if shown.streaming or shown.role != "assistant":
        return None
    status: TurnEnd = "completed"
    if view.field(shown.message_id, "acp_interrupted") is True:
        status = "interrupted"
    elif view.field(shown.message_id, "acp_error") is not None:
        status = "error"
    mark = view.mark(shown.message_id, "generating")
    return TurnEnded(
        thread_id=shown.thread_id,
        turn_id=shown.message_id,
        status=status,
        ended_at=shown.revised_at if mark is None else iso(time_ms(mark.stamp)),
    )


def request(view: View, shown: Shown) -> TurnStartRequested | None:
    """The start of a turn a message waits for, or None when it does not."""
    if shown.queued is None:
        return None
    mode = view.field(shown.message_id, "acp_send_mode")
    return TurnStartRequested(
        thread_id=shown.thread_id,
        message_id=shown.message_id,
        send_mode=mode if isinstance(mode, str) else None,
        model=_setting(view, shown.thread_id, "acp_config.model"),
        effort=_setting(view, shown.thread_id, "acp_config.reasoning"),
        created_at=iso(time_ms(shown.queued.stamp)),
    )


def _withdrawal(shown: Shown, created_at: str) -> TurnStartWithdrawn:
    return TurnStartWithdrawn(thread_id=shown.thread_id, message_id=shown.message_id, created_at=created_at)


def _setting(view: View, thread_id: str, field: str) -> str | None:
    facts = view.settings.get(thread_id, {}).get(field)
    value = facts[-1].value if facts else None
    return value if isinstance(value, str) else None
