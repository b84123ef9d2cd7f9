"""The message a thread's state names as active is a message of that thread."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation
from invariants.standing import is_elsewhere, threads_told


def every(view: View) -> Iterable[str]:
    """Threads that have a state."""
    return view.states


def check(view: View, thread_id: str) -> Violation | None:
    """The message may be late; there is no repair, for only who runs the turn knows what is active.

    Where another copy of its row places it here, two programs grouped one chat differently, and none is wrong.
    """
    facts = view.states.get(thread_id)
    active = facts[-1].active_message_id if facts else None
    if active is None or view.thread_of(active) == thread_id:
        return None
    return Violation(
        code="dangling_active_message",
        subject=thread_id,
        detail=f"its state names {active} as active, which is not a message of this thread",
        severity="diagnostic" if is_elsewhere(view, thread_id, active) else "violation",
    )


DANGLING_ACTIVE_MESSAGE = Rule(
    code="dangling_active_message",
    promise="The message a thread's state names as active is a message of that thread.",
    watches=("states", "messages"),
    suspects="states",
    every=every,
    touched_by=threads_told,
    check=check,
)
