"""A reply names a message of its own thread."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.repairs import ReparentMessage
from chatdoc.model.delta import Delta
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import anchor, certain, is_elsewhere, rerooted


def every(view: View) -> Iterable[str]:
    """Messages whose chain of replies reaches no root: a reply to what is not in the thread ends its chain there."""
    return view.unanchored


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written or relinked, those that wait for one written, and those a repair would hang on the root."""
    subjects: set[str] = {*delta.messages, *delta.relinked}
    for message_id in delta.messages:
        subjects.update(view.waiting.get(message_id, ()))
    for thread_id in rerooted(delta, view):
        subjects.update(one for one in view.messages_of(thread_id) if one in view.unanchored)
    return subjects


def check(view: View, message_id: str) -> Violation | None:
    """A target that is absent may be late; one in another thread is wrong when all were told, none inferred.

    Where another copy of its row places it here, two programs grouped one chat differently, and none is wrong.
    """
    if message_id not in view.unanchored:
        return None
    thread_id = view.headers[message_id].thread_id
    target = view.reply_target(message_id)
    elsewhere = None if target is None else view.thread_of(target)
    if target is None or elsewhere == thread_id:
        return None
    named = view.root_of(thread_id) == message_id
    root = None if named else anchor(view, thread_id)
    where = "is not in the document" if elsewhere is None else "belongs to another thread"
    return Violation(
        code="invalid_reply_target",
        subject=message_id,
        detail=f"replies to {target}, which {where}",
        severity="diagnostic" if is_elsewhere(view, thread_id, target) else "violation",
        repair=ReparentMessage(message_id=MessageId(message_id), reply_to=root) if named or root else None,
        safe=(named or root is not None)
        and elsewhere is not None
        and certain(view, thread_id, message_id, target),
    )


INVALID_REPLY_TARGET = Rule(
    code="invalid_reply_target",
    promise="A reply names a message of its own thread.",
    metric="chat.integrity.invalid_reply_targets",
    watches=("messages", "relinked", "threads"),
    suspects="unanchored",
    every=every,
    touched_by=touched_by,
    check=check,
)
