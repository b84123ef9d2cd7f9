"""A message row with one text and nothing unusual is read without a second look; that is nearly every row."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from migrate.cocalc.chat import UNKNOWN, Chat, Text
from migrate.cocalc.dates import canonical_ms, is_canonical


class _Row(msgspec.Struct, tag_field="event", tag="chat", forbid_unknown_fields=True, gc=False):
    date: str
    sender_id: str
    history: tuple[Text]
    reply_to: str | UnsetType = UNSET
    editing: dict[str, str] | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Row).decode
_encode = msgspec.json.Encoder().encode


def plain_chat(number: int, raw: bytes, moments: dict[str, int]) -> Chat | None:
    """The message of a line, or None for one that needs the careful reader; it would read this one just so.

    `moments` remembers the milliseconds of dates; replies repeat the date of their root.
    """
    try:
        row = _decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    # A row that is longer than it has to be has keys twice, spaces or escapes.
    if row.editing or not row.sender_id or row.sender_id == UNKNOWN or len(_encode(row)) != len(raw):
        return None
    text = row.history[0]
    ms = _ms(row.date, moments)
    if ms is None or not text.author_id or text.author_id == UNKNOWN:
        return None
    if text.date != row.date and _ms(text.date, moments) is None:
        return None
    reply_ms = None
    if row.reply_to is not UNSET:
        reply_ms = _ms(row.reply_to, moments)
        if reply_ms is None:
            return None
    return Chat(number, raw, ms, row.date, row.sender_id, [text], reply_ms)


def _ms(date: str, moments: dict[str, int]) -> int | None:
    known = moments.get(date)
    if known is None and is_canonical(date):
        known = canonical_ms(date)
        if known is not None:
            moments[date] = known
    return known
