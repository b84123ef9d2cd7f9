"""`chatdoc check` reads a file of any format, writes nothing, and names every broken promise."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Raw

from chatdoc.apps.cli.integrity import print_integrity
from chatdoc.apps.cli.migration import print_report
from chatdoc.apps.cli.terminal import conclude, console, json_option, print_json, show, spelled
from chatdoc.open import read_document


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check FILE and write nothing.

    Status 1 says that a promise is broken. A file that opening would upgrade or mend is checked as it would then be,
    and what would be done is shown.
    """
    reader = read_document(file)
    found, report = reader.check(full=True), reader.report
    if as_json:
        value = {"ok": found.ok, "file": spelled(file), "report": report, "integrity": Raw(found.to_json())}
        print_json(value)
    else:
        screen = console()
        if report is not None:
            show(screen, "opening this file would upgrade it:")
            print_report(screen, report)
            show(screen, "")
        print_integrity(screen, found)
    conclude(found.ok)
