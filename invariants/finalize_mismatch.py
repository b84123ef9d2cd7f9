"""A thread's state and the message it names as active agree on whether the turn is over.

Turns that other replicas run in the same thread are not judged by it: their state may just have lost to this one.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.commands.repairs import FinishMessage
from chatdoc.model.records.thread_state import TERMINAL
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import threads_told


def every(view: View) -> Iterable[str]:
    """Threads that have a state."""
    return view.states


def check(view: View, thread_id: str) -> Violation | None:
    """A turn that its own thread calls over never goes on, so finishing its message is safe.

    A turn begun anew marks its message with a greater stamp, and that one wins. Where a streamed text is still
    shown, finishing writes it down as a revision; pieces may be late, so that is for a person to decide.
    """
    facts = view.states.get(thread_id)
    active = facts[-1].active_message_id if facts else None
    if facts is None or active is None or view.thread_of(active) != thread_id:
        return None
    state, generating = facts[-1].state, active in view.generating
    if state in TERMINAL and generating:
        return Violation(
            code="finalize_mismatch",
            subject=thread_id,
            detail=f"its state is {state}, and message {active}, whose turn that was, is still generating",
            repair=FinishMessage(message_id=active),
            safe=active not in view.pieces,
        )
    if state == "running" and not generating:
        return Violation(
            code="finalize_mismatch",
            subject=thread_id,
            detail=f"its state is running, and message {active}, whose turn that is, is finished",
        )
    return None


FINALIZE_MISMATCH = Rule(
    code="finalize_mismatch",
    promise="A thread's state and the message it names as active agree on whether the turn is over.",
    metric="chat.acp.finalize_mismatch",
    watches=("states", "messages"),
    suspects="states",
    every=every,
    touched_by=threads_told,
    check=check,
)
