"""`chatdoc forget` removes all that is stored of a document beside its file, and says what that is."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.terminal import beside, console, json_option, line, print_json, show, spelled
from chatdoc.forget import forget as forget_stores
from chatdoc.model.errors import NotFound


@click.command("forget")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--apply", is_flag=True, help="Do it; without this nothing is removed.")
@json_option
def forget(file: Path, apply: bool, as_json: bool) -> None:
    """Remove the store of FILE, its backups and what leads to them.

    Also stores that were set aside or rolled back under this name. History of commands, events and old bytes are gone
    then for ever. What stands under the name itself, be it a folder by now, stays as it is.
    """
    try:
        found = forget_stores(file, dry_run=not apply)
    except NotFound as error:
        if file.is_dir():
            raise click.BadParameter(f"{spelled(file)!r} is a folder.", param_hint="'FILE'") from error
        raise
    if as_json:
        removed = [spelled(one) for one in found.removed]
        print_json({"ok": True, "file": spelled(found.file), "removed": removed, "applied": found.applied})
        return
    screen = console()
    for one in found.removed:
        show(screen, line(beside(file, one)))
    words = "removed" if found.applied else "would be removed; --apply removes them"
    show(screen, f"{len(found.removed)} files {words}")
