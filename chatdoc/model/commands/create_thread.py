"""Creating a thread writes its identity, its root message and its first settings in one transaction."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_text
from chatdoc.model.clock import iso
from chatdoc.model.commands.configure_thread import settings
from chatdoc.model.commands.given import first_revision_id, given_id, is_sent, thread_of_given
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class CreateThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start a thread with a root message; `config` maps fields of the thread's config to values.

    `message_id` is the id its root is to have, and the thread's follows from it: created again, it is there.
    """

    sender_id: str
    content: str
    config: dict[str, Any] = {}
    message_id: MessageId | None = None


def decide(command: CreateThread, view: View, now: Now) -> Plan:
    """The plan for a new thread; its answer is the thread."""
    require_text("sender_id", command.sender_id)
    require_text("content", command.content)
    if command.message_id is None:
        thread_id, message_id, revision_id = ThreadId(now.ids.mint()), MessageId(now.ids.mint()), None
    else:
        message_id = given_id(command.message_id)
        thread_id = thread_of_given(message_id)
        if is_sent(view, message_id, command.sender_id, command.content):
            if view.root_of(thread_id) != message_id:
                raise CommandRefused(
                    f"message_id: message {message_id} is in thread {view.thread_of(message_id)} already",
                    hint="An id names one message; give the root of a new thread another one",
                )
            return Plan(facts=(), kind="thread", subject=thread_id)
        revision_id = first_revision_id(message_id, command.sender_id, command.content)
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
            revision_id=revision_id,
        ),
    ]
    facts += settings(view, thread_id, command.config, command.sender_id, now)
    return Plan(facts=tuple(facts), kind="thread", subject=thread_id)
