"""What a migration did, as people read it: the source, what became of its lines, and the first of its oddities."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console

from chatdoc.apps.cli.terminal import safe, show, spelled
from migrate.report import MigrationReport

LINES_MAX = 50


def print_report(screen: Console, report: MigrationReport) -> None:
    """The report's first 50 lines, and how many more there are."""
    lines = safe(report.to_text()).rstrip("\n").split("\n")
    show(screen, "\n".join(lines[:LINES_MAX]))
    if len(lines) > LINES_MAX:
        show(screen, f"and {len(lines) - LINES_MAX} more lines; --json shows all")


_PROGRAMS = {"cocalc": ("CoCalc", "cocalc"), "jupyter": ("jupyterlab-chat", "jupyter")}


def other_program(report: MigrationReport) -> tuple[str, str] | None:
    """The program that wrote a file and cannot read it any more once it is migrated, and the format to export to."""
    return _PROGRAMS.get(report.format.split("-")[0])


def note_on(program: tuple[str, str], file: Path) -> str:
    """What people who still use that program have to know, and how they go back."""
    name, form = program
    where = shlex.quote(spelled(file))
    return (
        f"note: {name} can no longer read this file. `chatdoc rollback {where}` gives the old one back;"
        f" `chatdoc export {where} --to {form} -o OUT` writes one that it reads"
    )
