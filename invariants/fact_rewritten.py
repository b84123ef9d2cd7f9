"""A fact never changes, and a lasting one never goes."""

from __future__ import annotations

from collections.abc import Iterator

from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def judge(_view: View, delta: Delta) -> Iterator[Violation]:
    """One violation for each entry that was lost; the document itself puts back what it said."""
    for loss in delta.losses:
        known = (
            "is put back"
            if loss.text is not None
            else "cannot be put back, for nobody here knows what it said"
        )
        yield Violation(
            code="fact_rewritten",
            subject=loss.subject,
            detail=f"{delta.origin!r} removed or overwrote {loss.root}/{loss.key}; the fact {known}",
        )


FACT_REWRITTEN = Rule(
    code="fact_rewritten",
    promise="A fact never changes, and a lasting one never goes.",
    kind="transition",
    watches=("losses",),
    judge=judge,
)
