"""Exporter: CoCalc's own version 2, in which its integrity report counts nothing and no message hides another.

It shows one message a millisecond: where two would fall together the later one moves on by whole milliseconds, and
`date_before_export` says what its date really is, also to us when we read it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.model.clock import EPOCH
from chatdoc.model.ids import MessageId
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.cocalc.export_dates import MOVED, export_dates
from migrate.cocalc.export_rows import (
    agent_fields,
    exported,
    harmless,
    kept_lines,
    parents,
    row_fields,
    row_history,
    somebody,
    thread_ids,
)
from migrate.shown_message import config_fields

SCHEMA_VERSION = 2
_encode = msgspec.json.Encoder(order="deterministic").encode


def export_cocalc(view: View) -> bytes:
    """Rows with sorted keys, lines sorted, LF between them.

    Lines of the attic that are no rows of messages or threads stand among them word for word.
    """
    messages = exported(view)
    above, dates = parents(view, messages), export_dates(view, messages)
    lines = {_encode(row) for row in _thread_rows(view)}
    lines |= {_encode(_chat(view, message, above, dates)) for message in messages}
    return b"\n".join(sorted([*lines, *kept_lines(view)]))


def _thread_rows(view: View) -> Iterator[dict[str, Any]]:
    for thread_id in thread_ids(view):
        thread = view.thread(thread_id)
        assert thread is not None, thread_id
        yield thread.extra | {
            "event": "chat-thread",
            "sender_id": "__thread__",
            "date": thread.created_at,
            "thread_id": thread_id,
            "root_message_id": thread.root_message_id,
            "created_at": thread.created_at,
            "created_by": somebody(thread.created_by),
            "schema_version": SCHEMA_VERSION,
        }
        settings = harmless(config_fields(view, thread_id))
        if settings:
            config = view.config(thread_id)
            yield settings | {
                "event": "chat-thread-config",
                "sender_id": f"__thread_config__:{thread_id}",
                "date": EPOCH,
                "thread_id": thread_id,
                "updated_at": config.updated_at,
                "updated_by": config.updated_by,
                "schema_version": SCHEMA_VERSION,
            }
        state = view.state(thread_id)
        if state is not None:
            row = state.extra | {
                "event": "chat-thread-state",
                "sender_id": f"__thread_state__:{thread_id}",
                "date": EPOCH,
                "thread_id": thread_id,
                "state": state.state,
                "updated_at": state.updated_at,
                "schema_version": SCHEMA_VERSION,
            }
            if state.active_message_id is not None:
                row["active_message_id"] = state.active_message_id
            yield row


def _chat(
    view: View, message: Message, above: dict[MessageId, MessageId], dates: dict[MessageId, str]
) -> dict[str, Any]:
    row = row_fields(message) | agent_fields(view, message)
    date = dates[message.message_id]
    if date != message.date:
        row.setdefault(MOVED, message.date)
    row |= {
        "event": "chat",
        "sender_id": somebody(message.sender_id),
        "date": date,
        "history": row_history(view, message),
        "message_id": message.message_id,
        "thread_id": message.thread_id,
        "schema_version": SCHEMA_VERSION,
    }
    if message.message_id in above:
        row["parent_message_id"] = above[message.message_id]
    return row
