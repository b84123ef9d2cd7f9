"""Sending adds a message to a thread; what it replies to is a message of that thread, the root by default."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_member, require_object, require_text, require_thread, shortly
from chatdoc.model.clock import iso
from chatdoc.model.commands.given import MESSAGE_FIELDS, first_revision_id, given_id, is_sent, require_fields
from chatdoc.model.commands.message_stamp import stamp_ms
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class SendMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Add a message; `fields` are fields of the caller's own.

    `message_id` is the id it is to have, for a caller that repeats itself on another replica: sent again it is there.
    """

    thread_id: ThreadId
    sender_id: str
    content: str
    reply_to: MessageId | None = None
    fields: dict[str, Any] = {}
    message_id: MessageId | None = None


def decide(command: SendMessage, view: View, now: Now) -> Plan:
    """The plan for one message; its answer is the message."""
    require_thread(view, command.thread_id, "send")
    require_text("sender_id", command.sender_id)
    require_text("content", command.content)
    require_object("fields", command.fields)
    if command.fields:
        require_fields(command.fields, MESSAGE_FIELDS)
    thread = view.thread_facts[command.thread_id]
    reply_to = command.reply_to
    if reply_to is None:
        reply_to = thread.root_message_id
    elif (found := view.thread_of(reply_to) if isinstance(reply_to, str) else None) != command.thread_id:
        raise CommandRefused(
            f"cannot reply to message {shortly(reply_to)}: expected a message of thread {command.thread_id}, "
            + (f"it belongs to thread {found}" if found else "it is not in this document")
        )
    if command.message_id is None:
        message_id, revision_id = MessageId(now.ids.mint()), None
    else:
        message_id = given_id(command.message_id)
        if is_sent(view, message_id, command.sender_id, command.content):
            require_member(view, command.thread_id, message_id, "send")
            return Plan(facts=(), kind="message", subject=message_id)
        revision_id = first_revision_id(message_id, command.sender_id, command.content)
    header = Header(
        message_id=message_id,
        thread_id=command.thread_id,
        sender_id=command.sender_id,
        date=iso(stamp_ms(view, command.thread_id, message_id, now.ms)),
        reply_to_message_id=reply_to,
        content=command.content,
        revision_id=revision_id,
        fields=own(command.fields) if command.fields else None,
    )
    return Plan(facts=(header,), kind="message", subject=message_id)
