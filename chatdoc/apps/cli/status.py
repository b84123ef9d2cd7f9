"""`chatdoc status` shows what the stores of a folder hold: its documents, their migrations and their backups."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show, spelled, table
from chatdoc.status import DocumentStatus
from chatdoc.status import status as documents_of


@click.command("status")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show the documents of FOLDER, and of those below it, with their stores.

    A store is named as its file in the folder `.chatdoc` beside the document's file, without `.sqlite3`.
    """
    found = [_spelled(one) for one in documents_of(folder)]
    if as_json:
        print_json({"ok": True, "folder": spelled(folder), "documents": found})
        return
    grid = table("file", "text", "updates", "migrated from", "backup", "store", numbers=("updates",))
    for one in found:
        unpublished = f" ({one.phase})" if one.phase not in (None, "published") else ""
        grid.add_row(
            line(one.path),
            one.file,
            str(one.updates),
            f"{one.migrated_from or ''}{unpublished}",
            line(one.backup or ""),
            line(Path(one.store).stem),
        )
    show(console(), grid if found else "no documents here yet")


def _spelled(one: DocumentStatus) -> DocumentStatus:
    """The same with names that UTF-8 can carry."""
    backup = None if one.backup is None else spelled(Path(one.backup))
    return msgspec.structs.replace(one, path=spelled(Path(one.path)), backup=backup)
