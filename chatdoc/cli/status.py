"""`chatdoc status` shows what the store of a folder holds: its documents, their migrations and their backups."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.cli.terminal import console, json_option, line, print_json, show, spelled, table
from chatdoc.opening import status as read_status


@click.command("status")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show the documents of the store in FOLDER, or in the nearest folder above it."""
    found = read_status(folder)
    if as_json:
        print_json({"ok": True, "folder": spelled(folder), "documents": found})
        return
    screen = console()
    grid = table("document", "migrated from", "updates", "bytes", numbers=("updates", "bytes"))
    for row in found:
        grid.add_row(line(str(row)))
    show(screen, grid if found else "no documents here yet")
