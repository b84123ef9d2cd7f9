"""`chatdoc open` opens a file as an editor would: it migrates what is old, keeps the old bytes, and shows what came."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Raw

from chatdoc.apps.cli.integrity import print_integrity
from chatdoc.apps.cli.migration import note_on, other_program, print_report
from chatdoc.apps.cli.terminal import conclude, console, json_option, print_json, show, spelled
from chatdoc.apps.cli.threads import summaries, threads_table
from chatdoc.open import open_document


@click.command("open")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def open_(file: Path, as_json: bool) -> None:
    """Open FILE and show what it holds.

    An old file is migrated, its bytes kept as a backup; its report, its threads and an integrity check are shown.
    """
    with open_document(file) as document:
        report, found, threads = document.report, document.check(full=True), summaries(document.view)
        document_id = document.document_id
    if as_json:
        print_json(
            {
                "ok": found.ok,
                "file": spelled(file),
                "document_id": document_id,
                "report": report,
                "threads": threads,
                "integrity": Raw(found.to_json()),
            }
        )
    else:
        screen = console()
        if report is not None:
            print_report(screen, report)
            if (program := other_program(report)) is not None:
                show(screen, note_on(program, file))
            show(screen, "")
        show(screen, threads_table(threads, screen.width) if threads else "no threads")
        show(screen, "")
        print_integrity(screen, found)
    conclude(found.ok)
