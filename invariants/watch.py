"""Which rules look at a delta is found once for each shape of delta, so a rule that need not look costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation

Ledger = dict[str, dict[str, Violation]]
"""Present violations by code, then by subject."""
Finding = tuple[Rule, str, Violation | None]
"""What a rule says of a subject now, where that is not what the ledger says; None: healed."""
Shape = tuple[bool, ...]
"""Which fields of a delta are empty."""
_Watcher = tuple[
    Rule,
    dict[str, Violation],
    str | None,
    Callable[[Delta, View], Iterable[str]],
    Callable[[View, str], Violation | None],
]
"""A rule with what is looked at for every delta: its part of the ledger, its suspects, `touched_by` and `check`."""


class Watch:
    """What a ledger must learn from a delta that its view has taken in."""

    def __init__(self, view: View, ledger: Ledger, rules: Iterable[Rule]) -> None:
        self._view = view
        self._ledger = ledger
        self._rules = tuple(rules)
        self._watching: dict[Shape, tuple[tuple[_Watcher, ...], tuple[Rule, ...]]] = {}

    def look(self, delta: Delta) -> tuple[list[Finding], list[Violation]]:
        """Each touched subject of which the ledger is wrong, and what the change itself broke."""
        shape = _shape(delta)
        watching = self._watching.get(shape)
        if watching is None:
            watching = self._watching[shape] = (self._watchers(shape), self._rules_for(shape, True))
        states, transitions = watching
        view = self._view
        found: list[Finding] = []
        for rule, present, suspects, touched_by, check in states:
            if suspects is not None and not present and not getattr(view, suspects):
                continue
            for subject in touched_by(delta, view):
                violation = check(view, subject)
                if violation is None:
                    if present and subject in present:
                        found.append((rule, subject, violation))
                elif present.get(subject) != violation:
                    found.append((rule, subject, violation))
        if not transitions:
            return found, []
        return found, [violation for rule in transitions for violation in rule.judge(view, delta)]

    def _watchers(self, shape: Shape) -> tuple[_Watcher, ...]:
        return tuple(
            (rule, self._ledger[rule.code], rule.suspects, rule.touched_by, rule.check)
            for rule in self._rules_for(shape, False)
        )

    def _rules_for(self, shape: Shape, transitions: bool) -> tuple[Rule, ...]:
        full = {field for field, is_empty in zip(_FIELDS, shape, strict=True) if not is_empty}
        kind = [rule for rule in self._rules if (rule.kind == "transition") == transitions]
        return tuple(rule for rule in kind if full.intersection(rule.watches))


_FIELDS = ("threads", "messages", "configs", "states", "relinked", "losses", "reused", "unreadable", "hidden")


def _shape(delta: Delta) -> Shape:
    return (
        not delta.threads,
        not delta.messages,
        not delta.configs,
        not delta.states,
        not delta.relinked,
        not delta.losses,
        not delta.reused,
        not delta.unreadable,
        not delta.hidden,
    )
