"""The integrity check as people and programs read it: clean in one line, or each broken promise by name."""

from __future__ import annotations

from rich.console import Console

from chatdoc.cli.terminal import line, show, table
from invariants.report import IntegrityReport

SHOWN_MAX = 50


def print_integrity(screen: Console, found: IntegrityReport) -> None:
    """One line when all is good; else the violations as a table, the first 50 of them, and the counters."""
    if found.violations:
        grid = table("code", "subject", "detail")
        for violation in found.violations[:SHOWN_MAX]:
            grid.add_row(violation.code, line(violation.subject, 40), line(violation.detail))
        show(screen, grid)
        hidden = len(found.violations) - SHOWN_MAX
        if hidden > 0:
            show(screen, f"and {hidden} more; --json shows all")
    counted = ", ".join(f"{name} {number}" for name, number in sorted(found.counters.items()) if number)
    if found.ok:
        show(screen, "integrity: clean" + (f" ({counted})" if counted else ""))
    else:
        show(screen, f"integrity: {len(found.violations)} violations ({counted})")
