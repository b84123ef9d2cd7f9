"""What a migration did, as people read it: the source, what became of its lines, and the first of its oddities."""

from __future__ import annotations

from rich.console import Console

from chatdoc.apps.cli.terminal import safe, show
from migrate.report import MigrationReport

LINES_MAX = 50


def print_report(screen: Console, report: MigrationReport) -> None:
    """The report's first 50 lines, and how many more there are."""
    lines = safe(report.to_text()).rstrip("\n").split("\n")
    show(screen, "\n".join(lines[:LINES_MAX]))
    if len(lines) > LINES_MAX:
        show(screen, f"and {len(lines) - LINES_MAX} more lines; --json shows all")
