"""What was taken from outside, or passed on, is noted by its command id alone: a receipt, and nothing else, stays."""

from __future__ import annotations

import msgspec

from chatdoc.model.arguments import require_thread
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View


class NoteHandled(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Note, in the transaction that handles it, that what the command id stands for is done; in a thread, or at all."""

    thread_id: ThreadId | None = None


def decide(command: NoteHandled, view: View, now: Now) -> Plan:
    """The plan for nothing; it is answered by nothing."""
    if command.thread_id is not None:
        require_thread(view, command.thread_id, "note what was handled")
    return Plan(facts=(), kind="none", subject=command.thread_id or "")
