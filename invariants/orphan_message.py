"""Every message names a thread that exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatdoc.model.commands.repairs import AssumeThread
from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def every(view: View) -> Iterator[str]:
    """The messages of thread ids that have no identity."""
    for thread_id in [one for one in view.members if one not in view.thread_facts]:
        yield from view.messages_of(thread_id)


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written, and those of any thread that came: its coming heals them."""
    if not delta.new_threads:
        return delta.messages
    arrived = (one for thread_id in delta.new_threads for one in view.messages_of(thread_id))
    return delta.messages.union(arrived)


def check(view: View, message_id: str) -> Violation | None:
    """The thread may merely be late, so assuming it is for a person to decide."""
    header = view.headers.get(message_id)
    if header is None or header.thread_id in view.thread_facts:
        return None
    return Violation(
        code="orphan_message",
        subject=message_id,
        detail=f"names thread {header.thread_id}, which is not in the document",
        repair=AssumeThread(thread_id=header.thread_id),
    )


ORPHAN_MESSAGE = Rule(
    code="orphan_message",
    promise="Every message names a thread that exists.",
    metric="chat.integrity.orphan_messages",
    watches=("messages", "threads"),
    every=every,
    touched_by=touched_by,
    check=check,
)
