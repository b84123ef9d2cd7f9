"""Every entry of the Y document is a fact; what is none is kept, told, and means nothing."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation

SHOWN_MAX = 80


def every(view: View) -> Iterable[str]:
    """Entries that are no fact, as `root/key`."""
    return [f"{root}/{key}" for root, key in view.unreadable]


def touched_by(delta: Delta, _view: View) -> Iterable[str]:
    """Entries that became or ceased to be no fact."""
    return delta.unreadable


def check(view: View, place: str) -> Violation | None:
    """A newer program may know how to read it."""
    root, _, key = place.partition("/")
    text = view.unreadable.get((root, key))
    if text is None:
        return None
    return Violation(
        code="unreadable_fact",
        subject=place,
        detail=f"is no {root} fact, or not the one its key was computed from: {text[:SHOWN_MAX]!r}",
        severity="diagnostic",
    )


UNREADABLE_FACT = Rule(
    code="unreadable_fact",
    promise="Every entry of the Y document is a fact; what is none is kept, told, and means nothing.",
    kind="diagnostic",
    watches=("unreadable",),
    suspects="unreadable",
    every=every,
    touched_by=touched_by,
    check=check,
)
