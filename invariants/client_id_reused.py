"""A client id is used by one writer, and each of its clocks says one thing."""

from __future__ import annotations

from collections.abc import Iterator

from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation


def judge(_view: View, delta: Delta) -> Iterator[Violation]:
    """Replicas that saw different contents would differ for ever while their state vectors are equal."""
    for client_id in sorted(delta.reused):
        yield Violation(
            code="client_id_reused",
            subject=str(client_id),
            detail=f"{delta.origin!r} sent other content under clocks of this client id that are known already; "
            "what it said is written anew. Let every session of that writer draw its own client id",
        )


CLIENT_ID_REUSED = Rule(
    code="client_id_reused",
    promise="A client id is used by one writer, and each of its clocks says one thing.",
    kind="transition",
    watches=("reused",),
    judge=judge,
)
