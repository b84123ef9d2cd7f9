"""Repairs are commands whose ids are derived from what they mend, so replicas that repair at once write the same facts."""

from __future__ import annotations

import msgspec

from chatdoc.clock import iso, ms_of
from chatdoc.commands.plan import Now, Plan
from chatdoc.commands.values import require_message
from chatdoc.ids import MessageId, Stamp, ThreadId, derive, time_ms
from chatdoc.records.facts import Fact, Header, MarkFact, ThreadFact
from chatdoc.records.view import View

BY = "chatdoc:repair"


class ReparentMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a message reply to another of its thread."""

    message_id: MessageId
    reply_to: MessageId


class FinishMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take a stale `generating` from a message whose turn is over."""

    message_id: MessageId


class AssumeThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write the identity of a thread that messages name and nobody has; the real one goes before it when it comes."""

    thread_id: ThreadId


class AssumeRoot(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write a placeholder for the root a thread names and nobody has."""

    thread_id: ThreadId


def decide_reparent(command: ReparentMessage, view: View, now: Now) -> Plan:
    """One mark, stamped after the one that holds."""
    require_message(view, command.message_id, "repair")
    mark = _mark(view, command.message_id, "reply_to_message_id", command.reply_to)
    return Plan(facts=(mark,), kind="message", subject=command.message_id)


def decide_finish(command: FinishMessage, view: View, now: Now) -> Plan:
    """One mark, stamped after the one that holds."""
    require_message(view, command.message_id, "repair")
    mark = _mark(view, command.message_id, "generating", False)
    return Plan(facts=(mark,), kind="message", subject=command.message_id)


def decide_assume_thread(command: AssumeThread, view: View, now: Now) -> Plan:
    """The identity its messages imply: the earliest that replies to nothing is the root, else a placeholder is."""
    thread_id = command.thread_id
    if view.has_thread(thread_id):
        return Plan(facts=(), kind="thread", subject=thread_id)
    headers = [view.headers[message_id] for message_id in view.messages_of(thread_id)]
    dates = sorted(header.date for header in headers)
    roots = sorted(
        (header.date, header.message_id) for header in headers if view.reply_target(header.message_id) is None
    )
    date = dates[0] if dates else iso(0)
    root_id = roots[0][1] if roots else _placeholder_id(thread_id)
    facts: list[Fact] = [
        ThreadFact(thread_id=thread_id, created_at=date, created_by="", root_message_id=root_id, assumed=True)
    ]
    if not roots:
        facts.append(_placeholder(root_id, thread_id, date))
    return Plan(facts=tuple(facts), kind="thread", subject=thread_id)


def decide_assume_root(command: AssumeRoot, view: View, now: Now) -> Plan:
    """A placeholder under the id the thread names."""
    fact = view.thread_facts[command.thread_id]
    if view.has_message(fact.root_message_id):
        return Plan(facts=(), kind="thread", subject=command.thread_id)
    placeholder = _placeholder(fact.root_message_id, command.thread_id, fact.created_at)
    return Plan(facts=(placeholder,), kind="thread", subject=command.thread_id)


def _mark(view: View, message_id: MessageId, field: str, value: object) -> MarkFact:
    present = view.mark(message_id, field)
    ms = time_ms(present.stamp) + 1 if present else ms_of(view.headers[message_id].date)
    stamp = Stamp(derive("repair", ms, message_id, field, str(value)))
    return MarkFact(message_id=message_id, field=field, stamp=stamp, value=value, by=BY)


def _placeholder_id(thread_id: ThreadId) -> MessageId:
    return MessageId(derive("message", 0, thread_id, "placeholder"))


def _placeholder(message_id: MessageId, thread_id: ThreadId, date: str) -> Header:
    return Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id="",
        date=date,
        assumed=True,
        fields={"placeholder": "missing root"},
    )
