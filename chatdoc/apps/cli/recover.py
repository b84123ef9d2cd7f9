"""`chatdoc recover` makes the text of a document again whose file is lost, damaged or replaced, from its store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chatdoc.apps.cli.terminal import beside, console, json_option, line, print_json, show, spelled, table
from chatdoc.recover import recover as recover_files


@click.command("recover")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE|FOLDER")
@click.option("--dry-run", is_flag=True, help="Only say what would be recovered.")
@json_option
def recover(path: Path, dry_run: bool, as_json: bool) -> None:
    """Give back the text of a FILE that is lost, damaged or replaced, or of all such files of a FOLDER.

    What stands under the name now is not written over: the text goes beside it then, to NAME.recovered-ID.chat. Of a
    folder, files that were rolled back are left out; name one to get what was written to it before.
    """
    found = recover_files(path, dry_run=dry_run)
    problems = [one for one in found if one.problem is not None]
    if as_json:
        rows = [
            {
                "document_id": one.document_id,
                "was": one.was,
                "outcome": one.outcome,
                "file": None if one.file is None else spelled(one.file),
                "problem": one.problem,
                "store": spelled(one.store),
            }
            for one in found
        ]
        print_json({"ok": not problems, "documents": rows})
        sys.exit(1 if problems else 0)
    grid = table("file", "was", "outcome")
    for one in found:
        grid.add_row(line(beside(path, one.file or one.store)), one.was, one.outcome)
    show(console(), grid if found else "nothing is stored here")
    for one in problems:
        show(console(), line(one.problem or ""))
    sys.exit(1 if problems else 0)
