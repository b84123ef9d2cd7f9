"""A message row that is one header and nothing else is read without a second look; that is nearly every row."""

from __future__ import annotations

import re

import msgspec

from chatdoc.model.clock import ms_of
from chatdoc.model.facts import Header
from chatdoc.model.ids import STAMP_MS_END, MessageId, RevisionId, ThreadId, derive, is_id, is_ulid
from migrate.v2.read_history import default_id

_DATE = re.compile(r"(?:19[7-9]|[2-9]\d\d)\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_END = derive("end", STAMP_MS_END)[:10]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    revision_id: RevisionId
    author_id: str
    content: str
    date: str


class _Row(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="event",
    tag="message",
    gc=False,
):
    message_id: MessageId
    thread_id: ThreadId
    sender_id: str
    date: str
    history: tuple[_Entry]
    reply_to_message_id: MessageId | None = None


_decode = msgspec.json.Decoder(_Row).decode
_encode = msgspec.json.Encoder().encode


def plain_header(line: bytes) -> Header | None:
    """The header of a row as this program writes it, or None for a row that needs the careful reader.

    A row of another length than it would be written with has spaces, escapes, or a key that stands twice.
    """
    try:
        row = _decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if len(_encode(row)) != len(line):
        return None
    entry = row.history[0]
    message_id = row.message_id
    reply_to = row.reply_to_message_id
    if not (
        is_id(message_id)
        and is_id(row.thread_id)
        and (reply_to is None or is_id(reply_to))
        and is_ulid(entry.revision_id)
        and entry.revision_id[:10] < _END
        and _is_date(row.date)
        and (entry.date == row.date or _is_date(entry.date))
    ):
        return None
    revision_id: RevisionId | None = entry.revision_id
    if str(revision_id) == message_id or revision_id == default_id(
        message_id, row.sender_id, row.date, entry.author_id, entry.date, entry.content
    ):
        revision_id = None
    return Header(
        message_id=message_id,
        thread_id=row.thread_id,
        sender_id=row.sender_id,
        date=row.date,
        reply_to_message_id=reply_to,
        content=entry.content,
        revision_id=revision_id,
        author_id=None if entry.author_id == row.sender_id else entry.author_id,
        revised_at=None if entry.date == row.date else entry.date,
    )


def _is_date(date: str) -> bool:
    if _DATE.fullmatch(date) is None:
        return False
    try:
        ms_of(date)
    except ValueError:
        return False
    return True
