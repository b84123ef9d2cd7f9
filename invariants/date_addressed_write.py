"""What is written of a message after its first row names a message that exists.

A writer that addresses by date and sender, as old ones did, misses the row it means and makes one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def every(view: View) -> Iterable[str]:
    """Ids that revisions, marks or pieces name, and no header has come for."""
    return view.late


def touched_by(delta: Delta, _view: View) -> Iterable[str]:
    """Messages written: their header heals what came before it."""
    return delta.messages


def check(view: View, message_id: str) -> Violation | None:
    """The header may be late, and nobody can guess it."""
    if message_id not in view.late:
        return None
    return Violation(
        code="date_addressed_write",
        subject=message_id,
        detail="revisions, marks or pieces were written for it, and no message has this id",
    )


DATE_ADDRESSED_WRITE = Rule(
    code="date_addressed_write",
    promise="What is written of a message after its first row names a message that exists.",
    watches=("messages",),
    suspects="late",
    every=every,
    touched_by=touched_by,
    check=check,
)
