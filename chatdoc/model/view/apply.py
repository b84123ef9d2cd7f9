"""The view follows every fact as it comes: adding one costs what it touches, never a scan of the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatdoc.model.delta import Delta, Loss, Touched
from chatdoc.model.facts import Fact, Header, MarkFact, PieceFact, RevisionFact
from chatdoc.model.view import reply_index
from chatdoc.model.view.add_fact import ADD
from chatdoc.model.view.fact_order import attic_key, canonical
from chatdoc.model.view.remove_fact import TAKE
from chatdoc.model.view.view import View

ONE_BY_ONE_MAX = 8
"""So many messages are taken from their threads one by one; of more, their threads are gone through once for all."""

_OF_MESSAGES = (Header, RevisionFact, MarkFact, PieceFact)


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
        reply_index.reanchor(view, touched.moved, touched)
    if view.changed is not None:
        view.changed |= touched.messages
    return touched.delta(origin=origin, command=command, losses=losses, reused=reused), added


def undo(view: View, added: Sequence[Fact]) -> None:
    """Take facts away again, as if they had never come; also how superseded ones are forgotten."""
    touched = Touched()
    if sum(isinstance(fact, Header) for fact in added) > ONE_BY_ONE_MAX:
        touched.leaving = {}
    for fact in reversed(added):
        TAKE[type(fact)](view, fact, touched)
    if view.changed is not None:
        view.changed.update(fact.message_id for fact in added if isinstance(fact, _OF_MESSAGES))
    if touched.leaving is not None:
        reply_index.unlist(view, touched.leaving)
    if touched.moved:
        reply_index.reanchor(view, touched.moved, touched)


__all__ = ["apply", "attic_key", "canonical", "undo"]
