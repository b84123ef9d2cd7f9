"""A rule is a promise with one body and two scopes: a whole view, or only what a delta touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from chatdoc.model.commands.decide import Command
from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View

Severity = Literal["violation", "diagnostic"]
Kind = Literal["state", "transition", "diagnostic"]
Watched = Literal[
    "threads", "messages", "configs", "states", "relinked", "losses", "reused", "unreadable", "hidden"
]
"""A field of a delta."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A broken promise: which, of which record, and what would mend it."""

    code: str
    subject: str
    detail: str
    severity: Severity = "violation"
    repair: Command | None = None
    safe: bool = False
    """Whether the repair may be run unasked: it converges, and cannot be wrong when something is merely late."""


def _nothing(*_: Any) -> Iterable[Any]:
    return ()


def _whole(_view: View, _subject: str) -> None:
    return None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One promise. State rules and diagnostics have `every`, `touched_by` and `check`; transition rules `judge`.

    `touched_by` yields every subject that the delta, which the view has taken in, could have broken or healed.
    What `check` says of a subject may depend on nothing that does not touch it.
    """

    code: str
    """The broken state, in a word."""
    promise: str
    kind: Kind = "state"
    metric: str | None = None
    watches: tuple[Watched, ...]
    """The rule looks at deltas that have something in one of these fields."""
    suspects: str | None = None
    """A slot of the view; while it is empty, nothing breaks the rule."""
    every: Callable[[View], Iterable[str]] = _nothing
    """Every subject that could break the rule, and as few others as can be told in bulk."""
    touched_by: Callable[[Delta, View], Iterable[str]] = _nothing
    check: Callable[[View, str], Violation | None] = _whole
    judge: Callable[[View, Delta], Iterable[Violation]] = _nothing

    @property
    def severity(self) -> Severity:
        """How its violations weigh: a diagnostic is worth knowing and breaks nothing."""
        return "diagnostic" if self.kind == "diagnostic" else "violation"
