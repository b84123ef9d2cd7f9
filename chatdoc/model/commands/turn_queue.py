"""Messages that wait for a thread's agent stand in one order, may be withdrawn or sent ahead, and start one by one.

A message waits while its mark `acp_state` is `queued`, or its row says so and no mark another thing, as in a file that
another program left; `acp_send_mode` `immediate` lets it go before the others. Nothing waits in a deleted thread.
What two replicas queue at once waits on both, in the order of the marks' stamps, whichever heard of the other first.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.arguments import (
    require_member,
    require_name,
    require_optional_name,
    require_text,
    require_thread,
    shortly,
)
from chatdoc.model.commands import send_message
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.commands.turn_facts import marks, state
from chatdoc.model.commands.turn_states import next_state, state_of_thread, state_of_turn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact, MarkFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId
from chatdoc.model.view.view import View

QUEUED = "queued"
IMMEDIATE = "immediate"


class QueueTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a message wait for the thread's agent: the one `message_id` names, or a new one with this content.

    With both, a message that is not there yet is sent under that id.
    """

    thread_id: ThreadId
    message_id: MessageId | None = None
    sender_id: str = ""
    content: str = ""
    reply_to: MessageId | None = None
    fields: dict[str, Any] = {}


class WithdrawQueued(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a queued message wait no longer; it stays in the thread."""

    thread_id: ThreadId
    message_id: MessageId
    by: str = ""


class SendNow(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a queued message go before all that wait."""

    thread_id: ThreadId
    message_id: MessageId
    by: str = ""


def queue_of(view: View, thread_id: str) -> list[MessageId]:
    """The messages that wait in a thread: those to be sent now, the latest first, then the others in their order."""
    waiting = [
        one
        for one in (*tuple(view.queued), *tuple(view.queued_rows))
        if view.thread_of(one) == thread_id and not _is_deleted(view, one)
    ]
    hurried = [one for one in waiting if view.field(one, "acp_send_mode") == IMMEDIATE]
    hurried.sort(key=lambda one: (_stamp(view, one, "acp_send_mode"), one), reverse=True)
    others = [one for one in waiting if view.field(one, "acp_send_mode") != IMMEDIATE]
    others.sort(key=lambda one: (_stamp(view, one, "acp_state"), view.headers[one].date, one))
    return hurried + others


def is_queued(view: View, message_id: MessageId | None) -> bool:
    """Whether a message waits, by a mark or by what its row says."""
    return message_id in view.queued or message_id in view.queued_rows


def decide_queue(command: QueueTurn, view: View, now: Now) -> Plan:
    """The plan for a message that waits; its answer is the message."""
    thread_id, message_id = command.thread_id, command.message_id
    require_optional_name("message_id", message_id)
    require_thread(view, thread_id, "queue")
    _require_alive(view, thread_id)
    found = state_of_thread(view, thread_id)
    after = next_state("queue", found, thread_id=thread_id, message_id=message_id)
    facts: list[Fact] = []
    if message_id is None or (command.content and not view.has_message(message_id)):
        require_name("sender_id", command.sender_id)
        sent = SendMessage(
            thread_id=thread_id,
            sender_id=command.sender_id,
            content=command.content,
            reply_to=command.reply_to,
            fields=command.fields,
            message_id=message_id,
        )
        plan = send_message.decide(sent, view, now)
        message_id = MessageId(plan.subject)
        stamp = Stamp(now.ids.mint())
        facts += plan.facts
        facts.append(
            MarkFact(
                message_id=message_id, field="acp_state", stamp=stamp, value=QUEUED, by=command.sender_id
            )
        )
    else:
        require_member(view, thread_id, message_id, "queue")
        present = view.mark(message_id, "acp_state")
        if present is not None and present.value == QUEUED:
            return Plan(facts=(), kind="message", subject=message_id)
        if state_of_turn(view, message_id) != "idle":
            raise CommandRefused(
                f"cannot queue message {message_id}: it is an agent's answer, expected a message to be answered"
            )
        by = command.sender_id or view.headers[message_id].sender_id
        above = present.stamp if present is not None else ""
        stamp = Stamp(now.ids.mint(above=above))
        facts.append(MarkFact(message_id=message_id, field="acp_state", stamp=stamp, value=QUEUED, by=by))
    if after == "queued":
        head = next(iter(queue_of(view, thread_id)), message_id)
        facts += state(view, now, thread_id, "queued", head)
    return Plan(facts=tuple(facts), kind="message", subject=message_id)


def decide_withdraw(command: WithdrawQueued, view: View, now: Now) -> Plan:
    """The plan for a message that waits no longer; its answer is the message."""
    thread_id, message_id = command.thread_id, command.message_id
    _require_queued(view, thread_id, message_id, command.by, "withdraw")
    found = state_of_thread(view, thread_id)
    facts: list[Fact] = [*unqueue(view, now, message_id, command.by or view.headers[message_id].sender_id)]
    if next_state("withdraw", found, thread_id=thread_id, message_id=message_id) == "queued":
        left = [one for one in queue_of(view, thread_id) if one != message_id]
        facts += state(view, now, thread_id, "queued" if left else "idle", left[0] if left else None)
    return Plan(facts=tuple(facts), kind="message", subject=message_id)


def decide_send_now(command: SendNow, view: View, now: Now) -> Plan:
    """The plan for a message that goes first; its answer is the message."""
    thread_id, message_id = command.thread_id, command.message_id
    _require_queued(view, thread_id, message_id, command.by, "send now")
    found = state_of_thread(view, thread_id)
    facts: list[Fact] = []
    ahead = view.field(message_id, "acp_send_mode") == IMMEDIATE
    if not (ahead and queue_of(view, thread_id)[:1] == [message_id]):
        present = view.mark(message_id, "acp_send_mode")
        others = [_stamp(view, one, "acp_send_mode") for one in queue_of(view, thread_id)]
        stamp = Stamp(now.ids.mint(above=max([present.stamp if present else "", *others])))
        by = command.by or view.headers[message_id].sender_id
        facts.append(
            MarkFact(message_id=message_id, field="acp_send_mode", stamp=stamp, value=IMMEDIATE, by=by)
        )
    if next_state("send_now", found, thread_id=thread_id, message_id=message_id) == "queued":
        facts += state(view, now, thread_id, "queued", message_id)
    return Plan(facts=tuple(facts), kind="message", subject=message_id)


def unqueue(view: View, now: Now, message_id: MessageId, by: str) -> tuple[MarkFact, ...]:
    """The marks by which a message waits no longer; none where it does not."""
    if not is_queued(view, message_id):
        return ()
    return tuple(marks(view, now, message_id, by, acp_state=None, acp_send_mode=None))


def _require_queued(view: View, thread_id: ThreadId, message_id: MessageId, by: str, verb: str) -> None:
    require_member(view, thread_id, message_id, verb)
    require_text("by", by)
    if not is_queued(view, message_id):
        raise CommandRefused(
            f"cannot {verb} message {message_id} of thread {thread_id}: it is not queued,"
            f" its acp_state is {shortly(view.field(message_id, 'acp_state'))}",
            hint="queue(thread_id) lists what waits",
        )


def _require_alive(view: View, thread_id: ThreadId) -> None:
    thread = view.thread(thread_id)
    if thread is not None and thread.deleted_at is not None:
        raise CommandRefused(
            f"cannot queue a turn in thread {thread_id}: it was deleted at {thread.deleted_at}",
            hint="restore_thread(thread_id) brings it back",
        )


def _is_deleted(view: View, message_id: str) -> bool:
    mark = view.mark(message_id, "deleted")
    return mark is not None and mark.value is True


def _stamp(view: View, message_id: str, field: str) -> str:
    mark = view.mark(message_id, field)
    return mark.stamp if mark is not None else ""
