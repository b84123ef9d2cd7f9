"""`chatdoc quarantine` lists what a document keeps word for word and does not interpret: damaged lines above all."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show, spelled, table
from chatdoc.open import read_document
from migrate.shown_message import attic_line

SHOWN_MAX = 50


@click.command("quarantine")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--all", "everything", is_flag=True, help="Rows that are no messages too, as drafts are.")
@json_option
def quarantine(file: Path, everything: bool, as_json: bool) -> None:
    """List the damaged lines of FILE.

    Each with why nobody could read it and what it says; they are kept in the document, and exports that have lines
    give them back word for word. With --json whole, else shortened. Nothing is written.
    """
    kept = [row for row in read_document(file).view.attic() if everything or row.kind == "line"]
    lines = [
        {
            "kind": row.kind,
            "reason": row.reason,
            "bytes": len(attic_line(row)),
            "text": row.text,
            "encoding": row.encoding,
        }
        for row in kept
    ]
    if as_json:
        print_json({"ok": True, "file": spelled(file), "lines": lines})
        return
    screen = console()
    grid = table("reason", "bytes", "text", numbers=("bytes",))
    for row in kept[:SHOWN_MAX]:
        grid.add_row(line(row.reason, 40), str(len(attic_line(row))), line(row.text, 60))
    if kept:
        show(screen, grid)
    if len(kept) > SHOWN_MAX:
        show(screen, f"and {len(kept) - SHOWN_MAX} more; --json shows all")
    show(screen, f"{len(kept)} line{'s' * (len(kept) != 1)} kept word for word")
