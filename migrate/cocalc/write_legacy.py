"""Exporter: rows keyed by date for old CoCalc software, config on the root, a deletion as a blank text.

That format tells rows apart by millisecond and shows one message of each; threads go by the millisecond of their root.
Where two would fall together the later one moves on by whole milliseconds, and `date_before_export` says what its date
really is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.ids import MessageId
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.cocalc.export_dates import MOVED, export_dates
from migrate.cocalc.export_rows import (
    agent_fields,
    exported,
    harmless,
    kept_lines,
    row_fields,
    row_history,
    somebody,
    thread_ids,
)
from migrate.shown_message import all_messages, config_fields, is_placeholder

_encode = msgspec.json.Encoder(order="deterministic").encode


def export_legacy(view: View) -> bytes:
    """Rows of `event: chat`, keys and lines sorted, LF between; lines of the attic that are no messages as they are."""
    messages = [message for message in exported(view) if not is_placeholder(message)]
    stood_for = [message for message in all_messages(view) if is_placeholder(message)]
    dates = export_dates(view, [*messages, *stood_for])
    lines = {_encode(_row(view, message, dates)) for message in messages}
    peopled = {message.thread_id for message in messages}
    for thread_id in filter(peopled.__contains__, thread_ids(view)):
        root_id = view.root_of(thread_id)
        root = view.message(root_id) if root_id is not None else None
        settings = harmless(config_fields(view, thread_id))
        if settings and root_id is not None and (root is None or is_placeholder(root)):
            thread = view.thread_facts[thread_id]
            date = dates.get(root_id, thread.created_at)
            lines.add(_encode({"event": "chat", "date": date, **settings}))
    return b"\n".join(sorted([*lines, *kept_lines(view)]))


def _row(view: View, message: Message, dates: dict[MessageId, str]) -> dict[str, Any]:
    row = row_fields(message) | agent_fields(view, message)
    root_id = view.root_of(message.thread_id)
    if message.message_id == root_id:
        row |= harmless(config_fields(view, message.thread_id))
    elif root_id in dates:
        row["reply_to"] = dates[root_id]
    date = dates[message.message_id]
    if date != message.date:
        row.setdefault(MOVED, message.date)
    return row | {
        "event": "chat",
        "sender_id": somebody(message.sender_id),
        "date": date,
        "history": row_history(view, message),
    }
