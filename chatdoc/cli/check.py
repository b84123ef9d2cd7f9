"""`chatdoc check` reads a file of any format, writes nothing, and names every broken promise."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Raw

from chatdoc.cli.integrity import print_integrity
from chatdoc.cli.terminal import conclude, console, json_option, print_json, spelled
from chatdoc.opening import read_document


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check FILE without writing anything; status 1 when a promise is broken."""
    found = read_document(file).check(full=True)
    if as_json:
        print_json({"ok": found.ok, "file": spelled(file), "integrity": Raw(found.to_json())})
    else:
        print_integrity(console(), found)
    conclude(found.ok)
