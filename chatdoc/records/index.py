"""The view follows every fact as it comes: adding one costs what it touches, never a scan of the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatdoc.records import links
from chatdoc.records.adding import ADD
from chatdoc.records.delta import Delta, Loss
from chatdoc.records.facts import Fact
from chatdoc.records.order import attic_key, canonical
from chatdoc.records.taking import TAKE
from chatdoc.records.touched import Touched
from chatdoc.records.view import View


def apply(
    view: View,
    facts: Iterable[Fact],
    *,
    origin: str,
    command: str | None = None,
    losses: tuple[Loss, ...] = (),
    reused: frozenset[int] = frozenset(),
) -> tuple[Delta, list[Fact]]:
    """Add facts; the delta names the records they changed, the list those that were new, for `undo`."""
    touched = Touched()
    added = [fact for fact in facts if ADD[type(fact)](view, fact, touched)]
    if touched.moved:
        links.reanchor(view, touched.moved, touched)
    return touched.delta(origin=origin, command=command, losses=losses, reused=reused), added


def undo(view: View, added: Sequence[Fact]) -> None:
    """Take facts away again, as if they had never come; also how superseded ones are forgotten."""
    touched = Touched()
    for fact in reversed(added):
        TAKE[type(fact)](view, fact, touched)
    if touched.moved:
        links.reanchor(view, touched.moved, touched)


__all__ = ["apply", "attic_key", "canonical", "undo"]
