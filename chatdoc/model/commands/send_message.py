"""Sending adds a message to a thread; what it replies to is a message of that thread, the root by default."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_fields, require_text, require_thread
from chatdoc.model.clock import iso
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class SendMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Add a message; `fields` are fields of the caller's own."""

    thread_id: ThreadId
    sender_id: str
    content: str
    reply_to: MessageId | None = None
    fields: dict[str, Any] = {}


def decide(command: SendMessage, view: View, now: Now) -> Plan:
    """The plan for one message; its answer is the message."""
    require_thread(view, command.thread_id, "send")
    require_text("sender_id", command.sender_id)
    require_text("content", command.content)
    require_fields("fields", command.fields)
    thread = view.thread_facts[command.thread_id]
    reply_to = command.reply_to
    if reply_to is None:
        reply_to = thread.root_message_id
    elif (found := view.thread_of(reply_to) if isinstance(reply_to, str) else None) != command.thread_id:
        raise CommandRefused(
            f"cannot reply to message {reply_to!r}: expected a message of thread {command.thread_id}, "
            + (f"it belongs to thread {found}" if found else "it is not in this document")
        )
    message_id = MessageId(now.ids.mint())
    header = Header(
        message_id=message_id,
        thread_id=command.thread_id,
        sender_id=command.sender_id,
        date=iso(now.ms),
        reply_to_message_id=reply_to,
        content=command.content,
        fields=own(command.fields) if command.fields else None,
    )
    return Plan(facts=(header,), kind="message", subject=message_id)
