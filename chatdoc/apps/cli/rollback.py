"""`chatdoc rollback` gives back the bytes a file had before its migration."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.terminal import json_option, print_json, say, spelled
from chatdoc.rollback import rollback as restore


@click.command("rollback")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--discard-edits", is_flag=True, help="Throw away what was written after the migration.")
@json_option
def rollback(file: Path, discard_edits: bool, as_json: bool) -> None:
    """Give FILE its old bytes back.

    Those it had before it was migrated. Edits made since then are never thrown away unasked.
    """
    digest = restore(file, discard_edits=discard_edits)
    if as_json:
        print_json({"ok": True, "file": spelled(file), "digest": digest})
    else:
        say(f"{spelled(file)}: restored, SHA-256 {digest}")
