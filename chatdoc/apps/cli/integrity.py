"""The integrity check as people read it: clean in one line, or each broken promise by name."""

from __future__ import annotations

from rich.console import Console

from chatdoc.apps.cli.terminal import line, show, table
from invariants.report import IntegrityReport

SHOWN_MAX = 50


def print_integrity(screen: Console, found: IntegrityReport) -> None:
    """What was found as a table, violations first, the first 50 of it; then the verdict and the counters."""
    rows = [*found.violations, *found.diagnostics, *found.incidents]
    if rows:
        grid = table("code", "subject", "detail", "repair")
        for one in rows[:SHOWN_MAX]:
            repair = type(one.repair).__name__ if one.repair is not None else ""
            grid.add_row(one.code, line(one.subject, 40), line(one.detail), repair + " (safe)" * one.safe)
        show(screen, grid)
    if len(rows) > SHOWN_MAX:
        show(screen, f"and {len(rows) - SHOWN_MAX} more; --json shows all")
    counted = ", ".join(f"{name} {number}" for name, number in found.counters.items() if number)
    verdict = "clean" if found.ok else f"violations: {len(found.violations)}"
    show(screen, f"integrity: {verdict}" + (f" ({counted})" if counted else ""))
