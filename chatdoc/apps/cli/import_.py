"""`chatdoc import` reads session logs of coding agents into documents: everything once, and again only what grew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, table
from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import ImportReport, for_json
from chatdoc.apps.importer.run import Importer
from chatdoc.model.clock import system_clock
from chatdoc.settings import read_settings
from chatdoc.store.atomic_file import write_atomically
from migrate.session.item import SOURCES


@click.command("import")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--into",
    default=".",
    type=click.Path(path_type=Path),
    help="A .chat file, or a folder with one document for each project folder; this folder if not given.",
)
@click.option(
    "--source", "sources", multiple=True, type=click.Choice(SOURCES), help="Only logs of this tool."
)
@click.option("--watch", is_flag=True, help="Go on importing what is written, until Ctrl-C.")
@click.option("--redact", is_flag=True, help="Take secrets out of what is imported.")
@click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write counters here, in Prometheus' text format.",
)
@click.option(
    "--log", "logs", is_flag=True, help="Write a structured log line for each file to standard error."
)
@json_option
def import_(
    paths: tuple[Path, ...],
    into: Path,
    sources: tuple[str, ...],
    watch: bool,
    redact: bool,
    metrics: Path | None,
    logs: bool,
    as_json: bool,
) -> None:
    """Import session logs of Codex, Claude Code and ACP agents.

    PATH is a log, or a folder of logs; without one, the folders in which the tools keep theirs. Each session becomes
    a thread. Nothing is imported twice, and the logs are only read.
    """
    settings = read_settings(os.environ, Path.home())
    observer: Any = None
    if metrics is not None or logs:
        observer = load_optional("chatdoc.apps.importer.telemetry", "import").Telemetry(logs=logs)
    redactor = load_optional("chatdoc.apps.importer.redact", "import").Redactor() if redact else None
    with Importer(
        Target(into),
        settings,
        clock=system_clock,
        sources=sources or SOURCES,
        observer=observer,
        clean=redactor.clean if redactor is not None else None,
    ) as importer:
        if observer is not None:
            observer.watch_integrity(importer.counters)
        report = importer.run(paths)
        if redactor is not None:
            report = redactor.told(report)
        _tell(report, as_json, _nowhere(importer, paths))
        if metrics is not None:
            write_atomically(metrics, observer.text())
        if watch:
            follow = load_optional("chatdoc.apps.importer.watch", "import").follow
            for later in follow(importer, paths):
                _tell(later, as_json)
                if metrics is not None:
                    write_atomically(metrics, observer.text())
            return
    conclude(report.ok)


def _nowhere(importer: Importer, paths: Sequence[Path]) -> str:
    """What is said where no log was found: where they were looked for."""
    on = [one for one in importer.sources if not importer.settings.is_switched_off(one)]
    roots = paths or [root for source in on for root in importer.settings.roots(source)]
    if not roots:
        return "no session logs: no source that is switched on has a folder to look into"
    named = "" if paths else "; CODEX_SESSIONS_DIR and CLAUDE_SESSIONS_DIR name other folders"
    return f"no session logs below {', '.join(map(str, roots))}{named}"


def _tell(report: ImportReport, as_json: bool, nothing: str = "no session logs") -> None:
    if as_json:
        print_json(for_json(report))
        return
    screen = console()
    counted = ("lines", "prompts", "answers", "calls", "tokens")
    grid = table("source", "session", "result", *counted, numbers=counted)
    for one in report.sessions:
        tokens = "" if one.tokens is None else f"{one.tokens.total:,}"
        counts = [str(one.lines.get("total", 0)), str(one.prompts), str(one.answers), str(one.tool_calls)]
        grid.add_row(one.source, line(one.session_id or Path(one.path).name), one.result, *counts, tokens)
    if report.sessions:
        show(screen, grid)
    _tell_odd(screen, report)
    told = ", ".join(f"{count} {name}" for name, count in report.counts.items())
    show(screen, line(told or nothing))


def _tell_odd(screen: Console, report: ImportReport) -> None:
    for one in report.sessions:
        for note in one.notes:
            show(screen, line(f"{Path(one.path).name}, line {note.line}: {note.code}: {note.detail}"))
        for kind, count in one.unknown_kinds.items():
            show(screen, line(f"{Path(one.path).name}: {count} records of the unknown kind {kind}, kept"))
        if one.error:
            show(screen, line(f"{one.path}: {one.error}"))
    for path in report.missing:
        show(screen, line(f"{path}: gone since it was imported; the import stays"))
    for kind, count in report.redacted.items():
        show(screen, line(f"redacted: {count} {kind}"))
