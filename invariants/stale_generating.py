"""A message that is generating is the one its thread's state names as active.

Another replica may be at it right now, with a state that lost to a later one; so this is told and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.repairs import FinishMessage
from chatdoc.model.delta import Delta
from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def every(view: View) -> Iterable[str]:
    """Messages that are generating."""
    return view.generating


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written, and those generating in a thread whose state came."""
    if not delta.states:
        return delta.messages
    return delta.messages.union(one for one in view.generating if view.thread_of(one) in delta.states)


def check(view: View, message_id: str) -> Violation | None:
    """A thread without a state says nothing about its turns."""
    if message_id not in view.generating:
        return None
    facts = view.states.get(view.headers[message_id].thread_id)
    if facts is None or facts[-1].active_message_id == message_id:
        return None
    return Violation(
        code="stale_generating",
        subject=message_id,
        detail="is generating, and its thread's state does not name it as active",
        severity="diagnostic",
        repair=FinishMessage(message_id=MessageId(message_id)),
    )


STALE_GENERATING = Rule(
    code="stale_generating",
    promise="A message that is generating is the one its thread's state names as active.",
    kind="diagnostic",
    watches=("messages", "states"),
    suspects="generating",
    every=every,
    touched_by=touched_by,
    check=check,
)
