"""The ledger of present violations is kept by what each delta touched, and always says what a full check would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

import msgspec

from chatdoc.model.commands.decide import Command
from chatdoc.model.delta import Delta
from chatdoc.model.view.view import View
from invariants.full import check_all
from invariants.registry import RULES
from invariants.report import IntegrityReport, report_of
from invariants.rule import Rule, Violation
from invariants.tally import Tally
from invariants.watch import Finding, Ledger, Watch

REPAIRS_MAX = 8
"""How often one violation is repaired unasked; one that comes back more often is somebody else's word against ours."""
REPAIRS_AT_ONCE = 64
"""How many repairs are handed out at a time; the others follow with the next change from outside."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did to the ledger, and the safe repairs that are due."""

    new: tuple[Violation, ...] = ()
    healed: tuple[Violation, ...] = ()
    repairs: tuple[Command, ...] = ()


_UNCHANGED = Outcome()


class Checker:
    """Watches one view. Deltas are previewed and followed once the view has taken them in; an undone one is not."""

    def __init__(self, view: View, rules: Iterable[Rule] = RULES) -> None:
        self._view = view
        self._rules = tuple(rules)
        self._ledger: Ledger = {rule.code: {} for rule in self._rules}
        self._watch = Watch(view, self._ledger, self._rules)
        self._tally = Tally()
        self._due: dict[tuple[str, str], Command] = {}
        """Safe repairs of present violations that have not been repaired too often."""
        self._repaired: Counter[tuple[str, str]] = Counter()
        self._looked: tuple[Delta, list[Finding], list[Violation]] | None = None
        self.changes = 0
        """How often what the report says may have changed; a report need not be made to know that it has not."""

    def preview(self, delta: Delta) -> list[Violation]:
        """What a command must be refused for: the violations it would newly cause."""
        findings, incidents = self._look(delta)
        if not findings and not incidents:
            return []
        return incidents + [
            violation
            for rule, subject, violation in findings
            if violation is not None
            and violation.severity == "violation"
            and subject not in self._ledger[rule.code]
        ]

    def follow(self, delta: Delta) -> Outcome:
        """Bring the ledger up to date; repairs are handed out after changes from outside, not after own ones."""
        findings, incidents = self._look(delta)
        self._looked = None
        if not findings and not incidents and not self._due:
            return _UNCHANGED
        new, healed = self._enter(findings)
        if incidents:
            self.changes += 1
        for incident in incidents:
            self._tally.count(incident)
            self._tally.incidents.append(incident)
        outside = delta.command is None and delta.origin != "repair"
        repairs = self.due_repairs() if outside else ()
        return Outcome(new=(*incidents, *new), healed=tuple(healed), repairs=repairs)

    def recheck(self) -> Outcome:
        """Set the ledger by a full check; where every delta was followed, an outcome that says anything is a defect."""
        self._looked = None
        before, found = self.ledger(), check_all(self._view, self._rules)
        rules = {rule.code: rule for rule in self._rules}
        changes: list[Finding] = [(rules[key[0]], key[1], None) for key in before if key not in found]
        changes += [(rules[key[0]], key[1], one) for key, one in found.items() if before.get(key) != one]
        new, healed = self._enter(changes)
        return Outcome(new=tuple(new), healed=tuple(healed))

    def go_on_from(self, before: Checker) -> None:
        """Go on counting where the checker of an earlier copy of the same document was."""
        self._tally, self._repaired = before._tally, before._repaired
        self._due = {key: one for key, one in self._due.items() if self._repaired[key] < REPAIRS_MAX}

    def due_repairs(self) -> tuple[Command, ...]:
        """Safe repairs of present violations, a bounded number at a time, and each a bounded number of times."""
        handed = list(islice(self._due.items(), REPAIRS_AT_ONCE))
        for key, _ in handed:
            self._repaired[key] += 1
            if self._repaired[key] == REPAIRS_MAX:
                del self._due[key]
        return tuple(repair for _, repair in handed)

    def ledger(self) -> dict[tuple[str, str], Violation]:
        """The present violations by code and subject, as `check_all` gives them."""
        return {
            (code, subject): one for code, present in self._ledger.items() for subject, one in present.items()
        }

    def report(self, *, full: bool = True) -> IntegrityReport:
        """The ledger with its counters; `full` looks at everything anew first."""
        if full:
            self.recheck()
        tally = self._tally
        return report_of(self.ledger(), totals=tally.totals, breaks=tally.breaks, incidents=tally.incidents)

    def _look(self, delta: Delta) -> tuple[list[Finding], list[Violation]]:
        # A command's delta is previewed and then followed, with nothing in between: it is the same object then.
        looked = self._looked
        if looked is not None and looked[0] is delta:
            return looked[1], looked[2]
        findings, incidents = self._watch.look(delta)
        self._looked = (delta, findings, incidents)
        return findings, incidents

    def _enter(self, findings: Iterable[Finding]) -> tuple[list[Violation], list[Violation]]:
        new: list[Violation] = []
        healed: list[Violation] = []
        for rule, subject, violation in findings:
            present, key = self._ledger[rule.code], (rule.code, subject)
            before = present.pop(subject, None)
            self._due.pop(key, None)
            if violation != before:
                self.changes += 1
            if violation is None:
                if before is not None:
                    healed.append(before)
                continue
            present[subject] = violation
            if violation.safe and violation.repair is not None and self._repaired[key] < REPAIRS_MAX:
                self._due[key] = violation.repair
            if before is None:
                self._tally.count(violation)
                new.append(violation)
        return new, healed
