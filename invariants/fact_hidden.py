"""What a document shows, whoever joins it gets."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.delta import Delta
from chatdoc.model.view.lookup import superseded
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def every(view: View) -> Iterable[str]:
    """Records of which something is hidden."""
    return sorted(view.hidden)


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Records of which something was hidden or came back, and those of which it may have been superseded."""
    yield from delta.hidden
    yield from delta.messages - delta.hidden
    yield from delta.states - delta.hidden


def check(view: View, record: str) -> Violation | None:
    """Its facts that a peer destroyed, and that are not put back yet because they were destroyed again and again."""
    found = sorted(view.hidden.get(record, {}).items())
    hidden = [one for _, one in found if not superseded(view, one.fact)]
    if not hidden:
        return None
    places = ", ".join(f"{one.root}/{one.key}" for one in hidden[:3])
    more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
    origins = ", ".join(repr(origin) for origin in sorted({one.origin for one in hidden})[:3])
    return Violation(
        code="fact_hidden",
        subject=record,
        detail=f"{places}{more} will not be seen by whoever joins now: destroyed again and again, last by {origins}. "
        "Put back once a wait is over; keep that peer out",
    )


FACT_HIDDEN = Rule(
    code="fact_hidden",
    promise="What a document shows, whoever joins it gets.",
    metric="chat.integrity.fact_hidden",
    watches=("hidden", "messages", "states"),
    suspects="hidden",
    every=every,
    touched_by=touched_by,
    check=check,
)
