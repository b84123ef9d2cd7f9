"""No message of a thread replies to nothing but the root the thread names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatdoc.model.commands.repairs import ReparentMessage, placeholder_id
from chatdoc.model.delta import Delta
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import anchor, certain, rerooted


def every(view: View) -> Iterator[str]:
    """Messages that reply to nothing, in threads that have several of them or another than they name."""
    facts = view.thread_facts
    for thread_id, roots in view.roots.items():
        fact = facts.get(thread_id)
        if fact is not None and (len(roots) > 1 or fact.root_message_id not in roots):
            yield from roots


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written, and all roots of a thread whose identity or named root was touched: they are judged by it."""
    subjects: frozenset[str] = delta.messages
    for thread_id in rerooted(delta, view):
        subjects |= view.roots.get(thread_id, frozenset())
    return subjects


def check(view: View, message_id: str) -> Violation | None:
    """Wrong, not late, when the thread was told, the root is here, and so was the message, or it is a placeholder.

    A placeholder stands for a root that one copy of a file had lost; once the real one is here, it is one among others.
    Where another identity of the thread names the message, two programs read one chat differently, and none is wrong.
    """
    header = view.headers.get(message_id)
    if header is None or message_id not in view.roots.get(header.thread_id, ()):
        return None
    thread_id = header.thread_id
    fact = view.thread_facts.get(thread_id)
    if fact is None or fact.root_message_id == message_id:
        return None
    root = anchor(view, thread_id)
    return Violation(
        code="multi_root",
        subject=message_id,
        detail=f"replies to nothing, and thread {thread_id} names {fact.root_message_id} as its root",
        severity="diagnostic" if _is_named(view, thread_id, message_id) else "violation",
        repair=None if root is None else ReparentMessage(message_id=MessageId(message_id), reply_to=root),
        safe=root is not None
        and (
            certain(view, thread_id, message_id)
            or (certain(view, thread_id) and _stands_in(view, message_id))
        ),
    )


def _is_named(view: View, thread_id: str, message_id: str) -> bool:
    return any(one.root_message_id == message_id for one in view.thread_variants.get(thread_id, ()))


def _stands_in(view: View, message_id: str) -> bool:
    return message_id == placeholder_id(view.headers[message_id].thread_id)


MULTI_ROOT = Rule(
    code="multi_root",
    promise="No message of a thread replies to nothing but the root the thread names.",
    metric="chat.integrity.multi_root_per_thread",
    watches=("threads", "messages"),
    every=every,
    touched_by=touched_by,
    check=check,
)
