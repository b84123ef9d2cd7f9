"""Splicing: a text in which few messages changed is made out of the text before, and equals the one rendered anew.

Message rows stand in order, so the row of a message, or the place for a new one, is found by bisection of the bytes.
The cost of the rest is that of copying it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from migrate.v2.write import document_row, encode, rows_behind_messages, rows_of_threads, threads_of
from migrate.v2.write_message import message_row

ROWS_EACH = 40
"""Finding and splicing one row costs as much as rendering so many."""


class _Row(msgspec.Struct):
    """What of a row says where it stands."""

    event: str
    message_id: str = ""
    thread_id: str = ""
    date: str = ""


_Key = tuple[int, int, str, str]
_MESSAGES, _BEHIND = (1, -1, "", ""), (2, -1, "", "")
_decode = msgspec.json.Decoder(_Row).decode


def splice(
    view: View, before: bytes, changed: Collection[MessageId], threads_before: Sequence[str]
) -> list[bytes | memoryview] | None:
    """The v2 text of a document whose text was `before`, since when only the messages in `changed` were touched.

    It comes in parts, most of them parts of `before`: one behind the other they are the text.
    `threads_before` are its threads as `threads_of` gave them then; other rows than messages' are rendered anew.
    None where it must be rendered whole: for many messages, one that may stand elsewhere now, or threads that do.
    """
    if not before or len(changed) * ROWS_EACH > len(view.headers):
        return None
    threads = threads_of(view)
    known = set(threads_before)
    if [one for one in threads if one in known] != [*threads_before]:
        return None
    ranks = {thread_id: rank for rank, thread_id in enumerate(threads)}
    places: list[tuple[_Key, MessageId]] = []
    for message_id in changed:
        header = view.headers.get(message_id)
        if header is None or message_id in view.header_variants:
            return None
        places.append(((1, ranks[header.thread_id], header.date, message_id), message_id))
    text = memoryview(before)
    at = _first(before, _MESSAGES, ranks, 0)
    head = [encode(document_row(view)), *map(encode, rows_of_threads(view, threads))]
    parts: list[bytes | memoryview] = [b"\n".join([*head, b""])]
    for key, message_id in sorted(places):
        place = _first(before, key, ranks, at)
        parts += (text[at:place], encode(message_row(view, message_id)), b"\n")
        at = place
        if place < len(before) and _key(_row(before, place), ranks) == key:
            at = before.index(b"\n", place) + 1
    behind = _first(before, _BEHIND, ranks, at)
    parts += (text[at:behind], b"".join(encode(row) + b"\n" for row in rows_behind_messages(view)))
    return parts


def _first(text: bytes, key: _Key, ranks: Mapping[str, int], low: int) -> int:
    """Where the first row begins that does not stand before `key`, from the row at `low` on."""
    high = len(text)
    while low < high:
        start = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
        if _key(_row(text, start), ranks) < key:
            low = text.index(b"\n", start) + 1
        else:
            high = start
    return low


def _row(text: bytes, start: int) -> _Row:
    return _decode(memoryview(text)[start : text.index(b"\n", start)])


def _key(row: _Row, ranks: Mapping[str, int]) -> _Key:
    if row.event == "message":
        return (1, ranks[row.thread_id], row.date, row.message_id)
    return _BEHIND if row.event in ("message_part", "attic") else (0, -1, "", "")
