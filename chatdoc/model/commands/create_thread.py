"""Creating a thread writes its identity, its root message and its first settings in one transaction."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_text
from chatdoc.model.clock import iso
from chatdoc.model.commands.configure_thread import settings
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class CreateThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start a thread with a root message; `config` maps fields of the thread's config to values."""

    sender_id: str
    content: str
    config: dict[str, Any] = {}


def decide(command: CreateThread, view: View, now: Now) -> Plan:
    """The plan for a new thread; its answer is the thread."""
    require_text("sender_id", command.sender_id)
    require_text("content", command.content)
    thread_id = ThreadId(now.ids.mint())
    message_id = MessageId(now.ids.mint())
    date = iso(now.ms)
    facts: list[Fact] = [
        ThreadFact(
            thread_id=thread_id, created_at=date, created_by=command.sender_id, root_message_id=message_id
        ),
        Header(
            message_id=message_id,
            thread_id=thread_id,
            sender_id=command.sender_id,
            date=date,
            content=command.content,
        ),
    ]
    facts += settings(view, thread_id, command.config, command.sender_id, now)
    return Plan(facts=tuple(facts), kind="thread", subject=thread_id)
