"""No message is a reply to itself, however long the way around.

A circle is one violation; its subject is the smallest id on it, and hanging that one on the root opens it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatdoc.model.commands.repairs import ReparentMessage
from chatdoc.model.delta import Delta
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import anchor, certain, rerooted


def every(view: View) -> Iterable[str]:
    """The smallest id of every circle."""
    return set(view.looped.values())


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written or relinked, the circles they are on, and all circles of a thread whose root was touched."""
    subjects: set[str] = {*delta.messages, *delta.relinked}
    subjects.update([view.looped[one] for one in delta.messages if one in view.looped])
    if view.looped:
        threads = set(rerooted(delta, view))
        subjects.update(one for one in set(view.looped.values()) if view.thread_of(one) in threads)
    return subjects


def check(view: View, message_id: str) -> Violation | None:
    """All on the circle are here, so nothing is late; but a row that was inferred may yet be told otherwise."""
    subject = MessageId(message_id)
    if view.looped.get(subject) != subject:
        return None
    circle = list(_around(view, subject))
    thread_id = view.headers[subject].thread_id
    root = view.root_of(thread_id)
    repair = None
    if root in circle:
        repair = ReparentMessage(message_id=root, reply_to=None)
    elif (hook := anchor(view, thread_id)) is not None:
        repair = ReparentMessage(message_id=subject, reply_to=hook)
    return Violation(
        code="reply_cycle",
        subject=message_id,
        detail="replies to itself" + (f" over {len(circle)} messages" if len(circle) > 1 else ""),
        repair=repair,
        safe=repair is not None and certain(view, thread_id, *circle),
    )


def _around(view: View, start: MessageId) -> Iterator[MessageId]:
    yield start
    one = view.reply_target(start)
    while one is not None and one != start:
        yield one
        one = view.reply_target(one)


REPLY_CYCLE = Rule(
    code="reply_cycle",
    promise="No message is a reply to itself, however long the way around.",
    metric="chat.integrity.invalid_reply_targets",
    watches=("messages", "relinked", "threads"),
    suspects="looped",
    every=every,
    touched_by=touched_by,
    check=check,
)
