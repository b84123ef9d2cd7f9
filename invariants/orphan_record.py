"""Every config and every state belongs to a thread that exists."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.repairs import AssumeThread
from chatdoc.model.delta import Delta
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def every(view: View) -> Iterable[str]:
    """Thread ids that have settings or states and no identity."""
    return {one for table in (view.settings, view.states) for one in table if one not in view.thread_facts}


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Threads whose identity, deletion, config or state came."""
    return delta.threads | delta.configs | delta.states


def check(view: View, thread_id: str) -> Violation | None:
    """The thread may merely be late, so assuming it is for a person to decide."""
    if thread_id in view.thread_facts or not (thread_id in view.settings or thread_id in view.states):
        return None
    return Violation(
        code="orphan_record",
        subject=thread_id,
        detail="has a config or a state, and no thread of this id is in the document",
        repair=AssumeThread(thread_id=ThreadId(thread_id)),
    )


ORPHAN_RECORD = Rule(
    code="orphan_record",
    promise="Every config and every state belongs to a thread that exists.",
    watches=("threads", "configs", "states"),
    every=every,
    touched_by=touched_by,
    check=check,
)
