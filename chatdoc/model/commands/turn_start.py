"""Starting a turn adds the agent's message, still to be written, behind the one it answers, which waits no longer."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import require_member, require_object, require_text, require_thread
from chatdoc.model.clock import iso
from chatdoc.model.commands.given import MESSAGE_FIELDS, given_id, require_fields
from chatdoc.model.commands.message_stamp import stamp_ms
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.commands.turn_facts import state
from chatdoc.model.commands.turn_queue import is_queued, unqueue
from chatdoc.model.commands.turn_states import TRACE, next_state, state_of_thread
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact, Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

_GIVEN = ("generating", TRACE, "parent_message_id")
"""Fields of the agent's message that follow from the command."""


class StartTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let an agent begin to answer a message, or the thread as such; `fields` are fields of the caller's own.

    `message_id` is the id the agent's message is to have, for a caller that repeats itself; `from_queue` demands that
    the answered message waits, so that two that take the next one cannot both have it.
    """

    thread_id: ThreadId
    sender_id: str
    answers: MessageId | None = None
    message_id: MessageId | None = None
    from_queue: bool = False
    fields: dict[str, Any] = {}


def decide(command: StartTurn, view: View, now: Now) -> Plan:
    """The plan for the agent's message; its answer is that message, which names the turn from now on."""
    thread_id, answers = command.thread_id, command.answers
    require_thread(view, thread_id, "start a turn")
    require_text("sender_id", command.sender_id)
    require_object("fields", command.fields)
    require_fields(command.fields, MESSAGE_FIELDS)
    taken = sorted(set(_GIVEN) & command.fields.keys())
    if taken:
        raise CommandRefused(f"cannot start a turn with {', '.join(taken)} given: starting sets that itself")
    if answers is not None:
        require_member(view, thread_id, answers, "answer")
    if command.from_queue and not is_queued(view, answers):
        raise CommandRefused(f"cannot start the turn that answers {answers}: it is not queued any more")
    message_id = _fresh(command.message_id, view, now)
    found = state_of_thread(view, thread_id)
    after = next_state("start", found, thread_id=thread_id, message_id=message_id)
    fields: dict[str, Any] = {**command.fields, "generating": True, TRACE: now.ms}
    if answers is not None:
        fields["parent_message_id"] = answers
    header = Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id=command.sender_id,
        date=iso(stamp_ms(view, thread_id, message_id, now.ms)),
        reply_to_message_id=answers or view.thread_facts[thread_id].root_message_id,
        fields=own(fields),
    )
    facts: list[Fact] = [header]
    if answers is not None:
        facts += unqueue(view, now, answers, command.sender_id)
    facts += state(view, now, thread_id, after, message_id)
    return Plan(facts=tuple(facts), kind="message", subject=message_id)


def _fresh(wanted: MessageId | None, view: View, now: Now) -> MessageId:
    if wanted is None:
        return MessageId(now.ids.mint())
    wanted = given_id(wanted)
    if view.has_message(wanted) or wanted in view.late:
        raise CommandRefused(
            f"cannot start a turn as message {wanted}: there is one of this id already",
            hint="Repeat a command with its command_id; turn(thread_id, message_id) goes on with a turn that runs",
        )
    return wanted
