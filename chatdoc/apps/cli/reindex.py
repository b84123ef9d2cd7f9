"""`chatdoc reindex` reads session logs again from their first byte and adds what was missing, source by source."""

from __future__ import annotations

import os
from pathlib import Path

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show
from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import for_json
from chatdoc.apps.importer.reindex import reindex as read_again
from chatdoc.apps.importer.run import Importer
from chatdoc.model.clock import system_clock
from chatdoc.settings import read_settings
from migrate.session.item import SOURCES


@click.command("reindex")
@click.option(
    "--source", "sources", multiple=True, type=click.Choice(SOURCES), help="Only logs of this tool."
)
@click.option(
    "--into",
    default=".",
    type=click.Path(path_type=Path),
    help="The .chat file or the folder that logs were imported into; this folder if not given.",
)
@click.option("--redact", is_flag=True, help="Take secrets out, as the import with --redact did.")
@json_option
def reindex(sources: tuple[str, ...], into: Path, redact: bool, as_json: bool) -> None:
    """Read imported session logs anew.

    Logs that are gone keep what was imported of them, and other sources' logs are not touched.
    """
    settings = read_settings(os.environ, Path.home())
    named = sources or SOURCES
    redactor = load_optional("chatdoc.apps.importer.redact", "import").Redactor() if redact else None
    clean = redactor.clean if redactor is not None else None
    with Importer(Target(into), settings, clock=system_clock, sources=named, clean=clean) as importer:
        report = read_again(importer, named)
    if redactor is not None:
        report = redactor.told(report)
    if as_json:
        print_json(for_json(report))
    else:
        for one in report.sessions:
            if one.error:
                show(console(), line(f"{one.path}: {one.error}"))
        for kind, count in report.redacted.items():
            show(console(), line(f"redacted: {count} {kind}"))
        told = ", ".join(f"{count} {name}" for name, count in report.counts.items())
        show(console(), f"{', '.join(named)}: {told or 'no session logs'}")
    conclude(report.ok)
