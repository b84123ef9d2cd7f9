"""Deleting leaves a tombstone with a name and a time, and everything can be restored."""

from __future__ import annotations

import msgspec

from chatdoc.model.arguments import require_message, require_text, require_thread
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.commands.turn_queue import WithdrawQueued, decide_withdraw, is_queued
from chatdoc.model.facts import Fact, MarkFact, SettingFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId
from chatdoc.model.view.view import View


class DeleteMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Mark a message deleted; its history stays."""

    message_id: MessageId
    deleted_by: str


class RestoreMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take a message's deletion back."""

    message_id: MessageId
    restored_by: str


class DeleteThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Mark a thread deleted; its messages and config stay."""

    thread_id: ThreadId
    deleted_by: str


class RestoreThread(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take a thread's deletion back."""

    thread_id: ThreadId
    restored_by: str


def decide_message(command: DeleteMessage | RestoreMessage, view: View, now: Now) -> Plan:
    """The plan for one mark, or for nothing when it already is so; its answer is the message.

    A message that waited for an agent waits no longer once it is deleted.
    """
    gone = isinstance(command, DeleteMessage)
    by = command.deleted_by if isinstance(command, DeleteMessage) else command.restored_by
    require_message(view, command.message_id, "delete" if gone else "restore")
    require_text("deleted_by" if gone else "restored_by", by)
    present = view.mark(command.message_id, "deleted")
    if (present is not None and present.value is True) == gone:
        return Plan(facts=(), kind="message", subject=command.message_id)
    stamp = Stamp(now.ids.mint(above=present.stamp if present else ""))
    mark = MarkFact(message_id=command.message_id, field="deleted", stamp=stamp, value=gone, by=by)
    facts: tuple[Fact, ...] = (mark,)
    if gone and is_queued(view, command.message_id):
        home = view.headers[command.message_id].thread_id
        facts += decide_withdraw(
            WithdrawQueued(thread_id=home, message_id=command.message_id, by=by), view, now
        ).facts
    return Plan(facts=facts, kind="message", subject=command.message_id)


def decide_thread(command: DeleteThread | RestoreThread, view: View, now: Now) -> Plan:
    """The plan for one setting, or for nothing when it already is so; its answer is the thread."""
    gone = isinstance(command, DeleteThread)
    by = command.deleted_by if isinstance(command, DeleteThread) else command.restored_by
    require_thread(view, command.thread_id, "delete" if gone else "restore")
    require_text("deleted_by" if gone else "restored_by", by)
    history = view.settings.get(command.thread_id, {}).get("deleted", [])
    if (bool(history) and history[-1].value is True) == gone:
        return Plan(facts=(), kind="thread", subject=command.thread_id)
    stamp = Stamp(now.ids.mint(above=history[-1].stamp if history else ""))
    setting = SettingFact(thread_id=command.thread_id, field="deleted", stamp=stamp, value=gone, by=by)
    return Plan(facts=(setting,), kind="thread", subject=command.thread_id)
