"""Old CoCalc software reads the document as rows keyed by date: config on the root, a deletion as a blank text.

That format tells rows apart by millisecond and sender, and threads by the millisecond of their root. Where two would
fall together the later one moves on by whole milliseconds, and `date_before_export` says what its date really is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.ids import MessageId
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.shown_message import all_messages, attic_line, config_fields, fields, history, is_placeholder

MOVED = "date_before_export"
_encode = msgspec.json.Encoder(order="deterministic").encode


def export_legacy(view: View) -> bytes:
    """Rows of `event: chat`, keys and lines sorted, LF between; the attic's lines stand among them word for word."""
    messages = all_messages(view)
    dates = _unique_dates(view, messages)
    lines = {_encode(_row(view, message, dates)) for message in messages if not is_placeholder(message)}
    for thread_id in view.thread_ids():
        root_id = view.root_of(thread_id)
        root = view.message(root_id) if root_id is not None else None
        settings = config_fields(view, thread_id)
        if settings and root_id is not None and (root is None or is_placeholder(root)):
            thread = view.thread_facts[thread_id]
            date = dates.get(root_id, thread.created_at)
            lines.add(_encode({"event": "chat", "date": date, **settings}))
    kept = [line for line in map(attic_line, view.attic()) if not _tells_of_threads(line)]
    return b"\n".join(sorted([*lines, *kept]))


def _row(view: View, message: Message, dates: dict[MessageId, str]) -> dict[str, Any]:
    row = fields(message)
    root_id = view.root_of(message.thread_id)
    if message.message_id == root_id:
        row |= config_fields(view, message.thread_id)
    elif root_id in dates:
        row["reply_to"] = dates[root_id]
    date = dates[message.message_id]
    if date != message.date:
        row[MOVED] = message.date
    if message.sender_id:
        row["sender_id"] = message.sender_id
    return row | {"event": "chat", "date": date, "history": history(message, view.thread(message.thread_id))}


def _unique_dates(view: View, messages: list[Message]) -> dict[MessageId, str]:
    """A date for every message: one millisecond holds one root, and one message of each sender.

    A reply of the same millisecond as its root would be taken for a root. A placeholder has no row of its own, so
    its millisecond holds nothing else.
    """
    roots = {view.root_of(thread_id) for thread_id in view.thread_ids()}
    dates: dict[MessageId, str] = {}
    taken: set[tuple[int, str]] = set()
    root_ms: set[int] = set()
    held: set[int] = set()
    for message in sorted(messages, key=lambda one: (is_placeholder(one), one.message_id not in roots)):
        ms = ms_of(message.date)
        is_root = message.message_id in roots
        own_root = dates.get(view.root_of(message.thread_id) or message.message_id)
        forbidden = (
            held if is_placeholder(message) else root_ms if is_root else {own_root and ms_of(own_root)}
        )
        while (ms, message.sender_id) in taken or ms in forbidden:
            ms += 1
        taken.add((ms, message.sender_id))
        held.add(ms)
        if is_root:
            root_ms.add(ms)
        dates[message.message_id] = iso(ms)
    return dates


def _tells_of_threads(line: bytes) -> bool:
    """Whether a kept line is CoCalc's record of a thread by its id, which no row of this format has."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return isinstance(row, dict) and str(row.get("event")).startswith("chat-thread")
