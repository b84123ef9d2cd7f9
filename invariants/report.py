"""An integrity report is what a debug UI needs: what is broken, how often, where most, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chatdoc.model.html_table import html_table
from invariants.registry import METRICS, metric_of
from invariants.rule import Violation

TOP_MAX = 8
"""How many offending ids are named for each code."""


class IntegrityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Violations and diagnostics by code and subject; `ok` when there is no violation."""

    ok: bool
    violations: tuple[Violation, ...] = ()
    diagnostics: tuple[Violation, ...] = ()
    """What is worth knowing and breaks nothing."""
    incidents: tuple[Violation, ...] = ()
    """The latest changes that broke a rule of change, oldest first; a document that was put right is ok."""
    counters: dict[str, int] = {}
    """By metric name: how many there are now."""
    totals: dict[str, int] = {}
    """By metric name: how many there ever were since the document was opened."""
    top: dict[str, tuple[str, ...]] = {}
    """By code: the ids that broke most often, up to eight."""

    def to_json(self) -> bytes:
        """The report as JSON, keys always in the same order."""
        return msgspec.json.encode(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = [
            (kind, one.code, one.subject, one.detail + _advice(one))
            for kind, found in (
                ("violation", self.violations),
                ("diagnostic", self.diagnostics),
                ("incident", self.incidents),
            )
            for one in found
        ]
        caption = "Integrity: clean" if self.ok else f"Integrity: {len(self.violations)} violations"
        return html_table(caption, ("kind", "code", "subject", "detail"), rows)

    def to_text(self) -> str:
        """The report as lines for a person."""
        shown = (*self.violations, *self.diagnostics, *self.incidents)
        lines = [f"{one.code} {one.subject}: {one.detail}{_advice(one)}" for one in shown]
        lines += [f"{name} {number}" for name, number in self.counters.items() if number]
        return "\n".join(
            [f"integrity: {'clean' if self.ok else f'violations: {len(self.violations)}'}", *lines]
        )


def report_of(
    found: Mapping[tuple[str, str], Violation],
    *,
    totals: Mapping[str, int] | None = None,
    breaks: Mapping[tuple[str, str], int] | None = None,
    incidents: Iterable[Violation] = (),
) -> IntegrityReport:
    """The report of violations by code and subject; `totals` by code and `breaks` by code and subject, if counted."""
    present = [found[key] for key in sorted(found)]
    violations = tuple(one for one in present if one.severity == "violation")
    counts: dict[str, int] = {}
    ids: dict[str, list[str]] = {}
    for code, subject in found:
        counts[code] = counts.get(code, 0) + 1
        ids.setdefault(code, []).append(subject)
    often = breaks or {}
    return IntegrityReport(
        ok=not violations,
        violations=violations,
        diagnostics=tuple(one for one in present if one.severity == "diagnostic"),
        incidents=tuple(incidents),
        counters=_by_metric(counts),
        totals=_by_metric(counts if totals is None else totals),
        top={
            code: tuple(sorted(ids[code], key=lambda one: (-often.get((code, one), 0), one))[:TOP_MAX])
            for code in sorted(ids)
        },
    )


def _by_metric(counts: Mapping[str, int]) -> dict[str, int]:
    numbers = dict.fromkeys(METRICS, 0)
    for code, count in counts.items():
        metric = metric_of(code)
        if metric is not None:
            numbers[metric] += count
    return numbers


def _advice(violation: Violation) -> str:
    if violation.repair is None:
        return ""
    return f" ({'safe' if violation.safe else 'possible'} repair: {type(violation.repair).__name__})"
