"""Today's CoCalc reads the document as its own version 2: `chat-thread*` rows and chat rows with ids and parents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.model.clock import EPOCH
from chatdoc.model.records.message import Message
from chatdoc.model.view.view import View
from migrate.shown_message import all_messages, attic_line, config_fields, fields, history, is_placeholder

SCHEMA_VERSION = 2
_encode = msgspec.json.Encoder(order="deterministic").encode


def export_cocalc(view: View) -> bytes:
    """Rows with sorted keys, lines sorted, LF between them; the attic's lines stand among them word for word."""
    lines = {_encode(row) for row in _thread_rows(view)}
    lines |= {_encode(_chat(view, message)) for message in all_messages(view) if not is_placeholder(message)}
    return b"\n".join(sorted([*lines, *(attic_line(row) for row in view.attic())]))


def _thread_rows(view: View) -> Iterator[dict[str, Any]]:
    for thread_id in view.thread_ids():
        thread = view.thread(thread_id)
        assert thread is not None, thread_id
        yield thread.extra | {
            "event": "chat-thread",
            "sender_id": "__thread__",
            "date": thread.created_at,
            "thread_id": thread_id,
            "root_message_id": thread.root_message_id,
            "created_at": thread.created_at,
            "created_by": thread.created_by,
            "schema_version": SCHEMA_VERSION,
        }
        settings = config_fields(view, thread_id)
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


def _chat(view: View, message: Message) -> dict[str, Any]:
    row = fields(message) | {
        "event": "chat",
        "sender_id": message.sender_id,
        "date": message.date,
        "history": history(message, view.thread(message.thread_id)),
        "message_id": message.message_id,
        "thread_id": message.thread_id,
        "schema_version": SCHEMA_VERSION,
    }
    if message.reply_to_message_id is not None:
        row["parent_message_id"] = message.reply_to_message_id
    return row
