"""`chatdoc reindex` reads session logs again from their first byte and adds what was missing, source by source."""

from __future__ import annotations

import os
from pathlib import Path

import click

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
@json_option
def reindex(sources: tuple[str, ...], into: Path, as_json: bool) -> None:
    """Read imported session logs anew.

    Logs that are gone keep what was imported of them, and other sources' logs are not touched.
    """
    settings = read_settings(os.environ, Path.home())
    named = sources or SOURCES
    with Importer(Target(into), settings, clock=system_clock, sources=named) as importer:
        report = read_again(importer, named)
    if as_json:
        print_json(for_json(report))
    else:
        for one in report.sessions:
            if one.error:
                show(console(), line(f"{one.path}: {one.error}"))
        told = ", ".join(f"{count} {name}" for name, count in report.counts.items())
        show(console(), f"{', '.join(named)}: {told or 'no session logs'}")
    conclude(report.ok)
