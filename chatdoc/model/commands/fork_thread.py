"""A fork is a new thread that names where it came from and starts with the same config, but not the agent's session."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_text, require_thread, shortly
from chatdoc.model.clock import iso
from chatdoc.model.commands.configure_thread import settings
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class ForkThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Start a thread that goes on from message `at` of another."""

    thread_id: ThreadId
    at: MessageId
    sender_id: str
    name: str | None = None


def decide(command: ForkThread, view: View, now: Now) -> Plan:
    """The plan for the new thread; its answer is that thread.

    Its root has no text of its own and carries `forked_from_thread_id`, `forked_from_message_id` and, where the
    old thread had one, `forked_from_title`; the old session's id stays with the old thread.
    """
    require_thread(view, command.thread_id, "fork")
    require_text("sender_id", command.sender_id)
    if not isinstance(command.at, str) or view.thread_of(command.at) != command.thread_id:
        raise CommandRefused(
            f"cannot fork at message {shortly(command.at)}: it is not a message of thread {command.thread_id}"
        )
    old = view.config(command.thread_id)
    thread_id = ThreadId(now.ids.mint())
    root_id = MessageId(now.ids.mint())
    date = iso(now.ms)
    origin: dict[str, Any] = {
        "forked_from_message_id": command.at,
        "forked_from_thread_id": command.thread_id,
    }
    if old.name is not None:
        origin["forked_from_title"] = old.name
    facts: list[Fact] = [
        ThreadFact(
            thread_id=thread_id, created_at=date, created_by=command.sender_id, root_message_id=root_id
        ),
        Header(
            message_id=root_id, thread_id=thread_id, sender_id=command.sender_id, date=date, fields=origin
        ),
    ]
    acp = {name: value for name, value in (old.acp_config or {}).items() if name != "sessionId"}
    config = {
        "name": command.name if command.name is not None else old.name,
        "thread_color": old.thread_color,
        "thread_icon": old.thread_icon,
        "acp_config": acp or None,
    }
    given = {field: value for field, value in config.items() if value is not None}
    facts += settings(view, thread_id, given, command.sender_id, now)
    return Plan(facts=tuple(facts), kind="thread", subject=thread_id)
