"""A message row says what is shown, and with `stamps` and `variants` how that came to be, so that nothing is guessed.

Nearly all messages are one header and nothing else; those are spelled without building the record first.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatdoc.model.clock import iso
from chatdoc.model.facts import Header, MarkFact
from chatdoc.model.ids import time_ms
from chatdoc.model.records.message import Revision
from chatdoc.model.view.assemble import build_history, first_revision
from chatdoc.model.view.view import View
from migrate.v2.fields import MESSAGE_KEYS, place, tidied


class PlainRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The row of a message of which nothing but its header is known; it is spelled as `message_row` spells it."""

    event: Literal["message"]
    message_id: str
    thread_id: str
    sender_id: str
    date: str
    reply_to_message_id: str | None = None
    history: tuple[Revision]


def plain_row(view: View, message_id: str) -> PlainRow | None:
    """The row of a message that needs no second look, as nearly all do; None for the others."""
    header = view.headers[message_id]
    if (
        header.fields is not None
        or header.assumed
        or header.author_id is not None
        or header.revised_at is not None
        or header.revision_id is not None
        or message_id in view.marks
        or message_id in view.revisions
        or message_id in view.header_variants
        or message_id in view.pieces
    ):
        return None
    return PlainRow(
        event="message",
        message_id=header.message_id,
        thread_id=header.thread_id,
        sender_id=header.sender_id,
        date=header.date,
        reply_to_message_id=header.reply_to_message_id,
        history=(first_revision(header),),
    )


def message_row(view: View, message_id: str) -> dict[str, Any]:
    """One message as a row; fields with a stamp are later words, the others are the header's."""
    header = view.headers[message_id]
    row: dict[str, Any] = {
        "event": "message",
        "message_id": header.message_id,
        "thread_id": header.thread_id,
        "sender_id": header.sender_id,
        "date": header.date,
    }
    if message_id in view.marks or message_id in view.revisions or message_id in view.header_variants:
        return _told_later(view, header, row)
    if header.reply_to_message_id is not None:
        row["reply_to_message_id"] = header.reply_to_message_id
    first = first_revision(header)
    row["history"] = [_entry(first)]
    if header.fields:
        place(row, header.fields, MESSAGE_KEYS)
    if header.assumed:
        row["assumed"] = True
    _place_live(view, message_id, row)
    if _has_needless_words(header, first):
        row["variants"] = [_spelled(header)]
    return row


def part_row(view: View, message_id: str) -> dict[str, Any]:
    """What came for a message that has no header here: revisions, marks, pieces."""
    row: dict[str, Any] = {"event": "message_part", "message_id": message_id}
    revisions = view.revisions.get(message_id, ())
    if revisions:
        found = {(one.revision_id, one.content, one.author_id): one.revision for one in revisions}
        row["history"] = [_entry(found[key]) for key in sorted(found, reverse=True)]
    marks = view.marks.get(message_id, {})
    present = {field: facts[-1] for field, facts in marks.items()}
    _place_marks(row, {}, present)
    if message_id in view.pieces:
        row["live"] = _pieces(view, message_id)
    return row


def _told_later(view: View, header: Header, row: dict[str, Any]) -> dict[str, Any]:
    message_id = header.message_id
    variants = view.variants_of_message(message_id)
    revisions = view.revisions.get(message_id, ())
    marks = {field: facts[-1] for field, facts in view.marks.get(message_id, {}).items()}
    fields: dict[str, Any] = {}
    for variant in reversed(variants):
        fields |= variant.fields or {}
    moved = marks.get("reply_to_message_id")
    reply_to = header.reply_to_message_id if moved is None else moved.value
    if reply_to is not None:
        row["reply_to_message_id"] = reply_to
    history = build_history(variants, revisions)
    row["history"] = [_entry(revision) for revision in history]
    _place_marks(row, fields, marks)
    if header.assumed:
        row["assumed"] = True
    _place_live(view, message_id, row)
    first = first_revision(header)
    if (
        len(variants) > 1
        or _has_needless_words(header, first)
        or history[-1] != first
        or any(field in fields for field in marks)
        or (moved is not None and header.reply_to_message_id is not None)
    ):
        row["variants"] = [_spelled(variant) for variant in variants]
    return row


def _place_marks(row: dict[str, Any], fields: dict[str, Any], marks: dict[str, MarkFact]) -> None:
    shown = fields | {field: fact.value for field, fact in marks.items() if field != "reply_to_message_id"}
    if "deleted" in marks and isinstance(shown["deleted"], bool):
        del shown["deleted"]
    place(row, shown, MESSAGE_KEYS)
    deleted = marks.get("deleted")
    if deleted is not None and deleted.value is True:
        row["deleted_at"] = iso(time_ms(deleted.stamp))
        row["deleted_by"] = deleted.by
    if marks:
        row["stamps"] = {field: [marks[field].stamp, marks[field].by] for field in sorted(marks)}


def _place_live(view: View, message_id: str, row: dict[str, Any]) -> None:
    if message_id in view.pieces and row.get("generating") is True:
        row["live"] = _pieces(view, message_id)


def _pieces(view: View, message_id: str) -> list[list[Any]]:
    return [
        [seq, text]
        for seq in sorted(view.pieces[message_id])
        for text in view.texts_of_piece(message_id, seq)
    ]


def _entry(revision: Revision) -> dict[str, Any]:
    return {
        "revision_id": revision.revision_id,
        "author_id": revision.author_id,
        "content": revision.content,
        "date": revision.date,
    }


def _has_needless_words(header: Header, first: Revision) -> bool:
    return (
        (header.author_id is not None and header.author_id == header.sender_id)
        or (header.revised_at is not None and header.revised_at == header.date)
        or header.fields == {}
        or (header.revision_id is not None and _default_id(header) == first.revision_id)
    )


def _default_id(header: Header) -> str:
    return first_revision(
        Header(
            message_id=header.message_id,
            thread_id=header.thread_id,
            sender_id=header.sender_id,
            date=header.date,
            content=header.content,
            author_id=header.author_id,
            revised_at=header.revised_at,
        )
    ).revision_id


def _spelled(variant: Header) -> dict[str, Any]:
    spelled: dict[str, Any] = tidied(variant)
    del spelled["message_id"]
    return spelled
