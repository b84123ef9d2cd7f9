"""`chatdoc compact` seals old updates and events of documents and gives back the space they took."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show, spelled, table
from chatdoc.compact import compact as compact_stores


@click.command("compact")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--dry-run", is_flag=True, help="Only say what it would save.")
@click.option(
    "--one-machine",
    is_flag=True,
    help="No other machine uses this disk: what came from a shared one gets a write-ahead journal again.",
)
@json_option
def compact(path: Path, dry_run: bool, one_machine: bool, as_json: bool) -> None:
    """Seal the old updates and events of a FILE's document, or of all documents of a FOLDER, and give back their space.

    Nothing that can be read changes: history, event log, receipts and every update stay, compressed.
    """
    found = compact_stores(path, dry_run=dry_run, one_machine=one_machine)
    problems = [one for one in found if one.problem is not None]
    if as_json:
        rows = [{**msgspec.structs.asdict(one), "store": spelled(one.store)} for one in found]
        for row in rows:
            row["path"] = None if row["path"] is None else spelled(Path(row["path"]))
        print_json({"ok": not problems, "dry_run": dry_run, "documents": rows})
        sys.exit(1 if problems else 0)
    grid = table(
        *("file", "updates", "events", "bytes", "sealed to", "store"),
        numbers=("updates", "events", "bytes", "sealed to", "store"),
    )
    for one in found:
        if one.problem is None:
            sizes = (one.entries, one.events, one.bytes_before, one.bytes_after, one.store_bytes)
            grid.add_row(line(spelled(Path(one.path or ""))), *(f"{size:,}" for size in sizes))
    screen = console()
    if len(problems) < len(found):
        show(screen, grid)
    for one in problems:
        show(screen, line(f"left as it is: {spelled(one.store)}: {one.problem}"))
    if dry_run:
        show(screen, "nothing was written; without --dry-run it is done")
    sys.exit(1 if problems else 0)
