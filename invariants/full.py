"""The full check looks at the whole view, and says what the incremental one must have said by now."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.view.view import View
from invariants.registry import RULES
from invariants.rule import Rule, Violation


def check_all(view: View, rules: Iterable[Rule] = RULES) -> dict[tuple[str, str], Violation]:
    """Every violation a view has, by code and subject."""
    found: dict[tuple[str, str], Violation] = {}
    for rule in rules:
        if rule.suspects is not None and not getattr(view, rule.suspects):
            continue
        for subject in rule.every(view):
            violation = rule.check(view, subject)
            if violation is not None:
                found[rule.code, subject] = violation
    return found
