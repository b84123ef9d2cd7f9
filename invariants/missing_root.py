"""Every thread has the root it names: a message of its own that replies to nothing."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.repairs import AssumeRoot, ReparentMessage
from chatdoc.model.ids import ThreadId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import certain, is_elsewhere, rerooted


def every(view: View) -> Iterable[str]:
    """Threads whose named root is not among their messages that reply to nothing."""
    roots = view.roots
    return [
        thread_id
        for thread_id, fact in view.thread_facts.items()
        if fact.root_message_id not in roots.get(thread_id, ())
    ]


def check(view: View, thread_id: str) -> Violation | None:
    """A root that is absent may be late; one that replies to something is wrong, for the thread's word goes before.

    Where another copy of the root's row has it as the root, two programs grouped one chat differently; none is wrong.
    """
    fact = view.thread_facts.get(thread_id)
    if fact is None:
        return None
    root = fact.root_message_id
    if root in view.roots.get(thread_id, ()):
        return None
    repair: Command = AssumeRoot(thread_id=ThreadId(thread_id))
    detail, safe = f"names root {root}, which is not a message of this thread", False
    if view.thread_of(root) == thread_id:
        repair = ReparentMessage(message_id=root, reply_to=None)
        detail, safe = f"names root {root}, which replies to another message", certain(view, thread_id, root)
    return Violation(
        code="missing_root",
        subject=thread_id,
        detail=detail,
        severity="diagnostic" if _is_root_elsewhere(view, thread_id, root) else "violation",
        repair=repair,
        safe=safe,
    )


def _is_root_elsewhere(view: View, thread_id: str, root: str) -> bool:
    if is_elsewhere(view, thread_id, root):
        return True
    moved = view.mark(root, "reply_to_message_id")
    copies = () if moved is not None else view.header_variants.get(root, ())
    return any(one.thread_id == thread_id and one.reply_to_message_id is None for one in copies)


MISSING_ROOT = Rule(
    code="missing_root",
    promise="Every thread has the root it names: a message of its own that replies to nothing.",
    metric="chat.integrity.multi_root_per_thread",
    watches=("threads", "messages"),
    every=every,
    touched_by=rerooted,
    check=check,
)
