"""Repairs are commands with ids derived from what they mend, so replicas that repair at once write the same facts."""

from __future__ import annotations

import msgspec

from chatdoc.model.arguments import require_message, require_thread
from chatdoc.model.clock import iso, ms_of
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.facts import Fact, Header, MarkFact, RevisionFact, ThreadFact
from chatdoc.model.ids import (
    STAMP_MS_END,
    MessageId,
    RevisionId,
    Stamp,
    ThreadId,
    derive,
    is_ulid,
    successor,
    time_ms,
)
from chatdoc.model.records.message import Revision
from chatdoc.model.view.assemble import build_history
from chatdoc.model.view.view import View

BY = "chatdoc:repair"


class ReparentMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a message reply to another of its thread; None makes it one that replies to nothing, as a root does."""

    message_id: MessageId
    reply_to: MessageId | None


class FinishMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take a stale `generating` from a message whose turn is over, and keep what was streamed as its text."""

    message_id: MessageId


class AssumeThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write the identity of a thread that messages name and nobody has; the real one goes before it when it comes."""

    thread_id: ThreadId


class AssumeRoot(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Write a placeholder for the root a thread names and nobody has."""

    thread_id: ThreadId


def decide_reparent(command: ReparentMessage, view: View, now: Now) -> Plan:
    """One mark, stamped after the one that holds; nothing when it replies there already."""
    message_id = command.message_id
    require_message(view, message_id, "repair")
    facts: tuple[Fact, ...] = ()
    if view.reply_target(message_id) != command.reply_to:
        facts = (_mark(view, message_id, "reply_to_message_id", command.reply_to),)
    return Plan(facts=facts, kind="message", subject=message_id)


def decide_finish(command: FinishMessage, view: View, now: Now) -> Plan:
    """One mark, stamped after the one that holds, a revision where pieces are shown; nothing when it is finished."""
    message_id = command.message_id
    require_message(view, message_id, "repair")
    facts: list[Fact] = []
    if view.field(message_id, "generating") is True:
        pieces = view.pieces.get(message_id)
        if pieces:
            shown = build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))[0]
            live = "".join(pieces[seq] for seq in sorted(pieces))
            facts.append(streamed(view, message_id, shown.content + live))
        facts.append(_mark(view, message_id, "generating", False))
    return Plan(facts=tuple(facts), kind="message", subject=message_id)


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
    root_id = roots[0][1] if roots else placeholder_id(thread_id)
    facts: list[Fact] = [
        ThreadFact(thread_id=thread_id, created_at=date, created_by="", root_message_id=root_id, assumed=True)
    ]
    if not roots:
        facts.append(_placeholder(root_id, thread_id, date))
    return Plan(facts=tuple(facts), kind="thread", subject=thread_id)


def decide_assume_root(command: AssumeRoot, view: View, now: Now) -> Plan:
    """A placeholder under the id the thread names."""
    require_thread(view, command.thread_id, "repair")
    fact = view.thread_facts[command.thread_id]
    if view.has_message(fact.root_message_id):
        return Plan(facts=(), kind="thread", subject=command.thread_id)
    placeholder = _placeholder(fact.root_message_id, command.thread_id, fact.created_at)
    return Plan(facts=(placeholder,), kind="thread", subject=command.thread_id)


def _mark(view: View, message_id: MessageId, field: str, value: object) -> MarkFact:
    present = view.mark(message_id, field)
    if present is None:
        ms = _ms_of(view.headers[message_id].date)
    else:
        ms = time_ms(present.stamp) + 1
    stamp = Stamp(derive("repair", ms, message_id, field, str(value)))
    if present is not None and ms >= STAMP_MS_END:
        stamp = Stamp(successor(present.stamp))
    return MarkFact(message_id=message_id, field=field, stamp=stamp, value=value, by=BY)


def streamed(view: View, message_id: MessageId, content: str) -> RevisionFact:
    """A message's whole text once its turn was broken off; the same for all who saw the same of it."""
    newest = build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))[0]
    return RevisionFact(
        message_id=message_id,
        revision_id=RevisionId(derive("repair", ms_above(newest), message_id, content)),
        author_id=newest.author_id,
        content=content,
        date=newest.date,
    )


def ms_above(revision: Revision) -> int:
    """A millisecond whose ids all lie above a revision's."""
    return (time_ms(revision.revision_id) if is_ulid(revision.revision_id) else _ms_of(revision.date)) + 1


def _ms_of(date: str) -> int:
    try:
        return ms_of(date)
    except ValueError:
        return 0


def placeholder_id(thread_id: ThreadId) -> MessageId:
    """The id of what stands for a thread's root while that is missing; no real message can have it."""
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
