"""What a reader of another format is shown of a message: its text unless it was deleted, and its history."""

from __future__ import annotations

import re
from typing import Any

from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.view.view import View

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def is_placeholder(message: Message) -> bool:
    """Whether nobody ever wrote this message: other rows name it, and it has no text."""
    return (
        message.assumed and "placeholder" in message.extra and not any(one.content for one in message.history)
    )


def gone(message: Message, thread: Thread | None) -> tuple[str, str] | None:
    """Who deleted the message or its thread, and when; None while both are there."""
    if message.deleted_at is not None:
        return message.deleted_by or "", message.deleted_at
    if thread is not None and thread.deleted_at is not None:
        return thread.deleted_by or "", thread.deleted_at
    return None


def history(message: Message, thread: Thread | None) -> list[dict[str, str]]:
    """Author, content and date of every revision, newest first; a deletion is a blank text on top."""
    entries = [
        {"author_id": one.author_id, "content": one.content, "date": one.date} for one in message.history
    ]
    deleted = gone(message, thread)
    if deleted is not None and not (entries and entries[0]["content"] == ""):
        entries.insert(0, {"author_id": deleted[0], "content": "", "date": deleted[1]})
    return entries


def fields(message: Message) -> dict[str, Any]:
    """Whatever a message carries besides identity and text, under its own names."""
    found = dict(message.extra)
    if message.generating:
        found["generating"] = True
    for name in (
        "acp_thread_id",
        "acp_usage",
        "acp_interrupted",
        "acp_interrupted_reason",
        "acp_interrupted_text",
    ):
        value = getattr(message, name)
        if value is not None:
            found[name] = value
    return found


def config_fields(view: View, thread_id: str) -> dict[str, Any]:
    """The settings of a thread that have a value, under their own names."""
    config = view.config(thread_id)
    found = dict(config.extra)
    for name in ("name", "thread_color", "thread_icon", "acp_config"):
        value = getattr(config, name)
        if value is not None:
            found[name] = value
    if config.pin:
        found["pin"] = True
    return found


def attic_line(row: AtticRow) -> bytes:
    """The bytes of the source line that is kept."""
    raw = row.text.encode()
    if row.encoding == "escaped":
        return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), raw)
    return raw


def display_name(view: View, sender_id: str) -> str:
    """What people call a sender: what a jupyterlab-chat file said, else the id."""
    for users in view.document_field("jupyter.users"):
        user = users.get(sender_id) if isinstance(users, dict) else None
        name = user.get("display_name") if isinstance(user, dict) else None
        if isinstance(name, str) and name.strip():
            return name
    return sender_id


def all_messages(view: View) -> list[Message]:
    """Every message by date and id, those without a thread too."""
    found = [view.message(message_id) for message_id in view.message_ids()]
    return sorted((one for one in found if one is not None), key=lambda one: (one.date, one.message_id))
