"""`chatdoc export` writes a document in the format of other software, and changes nothing in the document."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.terminal import json_option, print_json, spelled
from chatdoc.open import read_document
from chatdoc.store.atomic_file import write_atomically
from migrate.export import FORMATS


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "name", required=True, type=click.Choice(list(FORMATS)), help="The format to write.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where; standard output if not given.",
)
@json_option
def export(file: Path, name: str, out: Path | None, as_json: bool) -> None:
    """Write FILE in another format.

    To standard output, or to another file; FILE stays as it is.
    """
    if out is not None and out.exists() and out.samefile(file):
        raise click.UsageError("--out names FILE itself; an export never replaces the document it comes from")
    raw = FORMATS[name](read_document(file).view)
    if out is not None:
        write_atomically(out, raw)
    if as_json:
        where = {"out": spelled(out)} if out is not None else {"text": raw.decode()}
        print_json({"ok": True, "file": spelled(file), "format": name, "bytes": len(raw), **where})
    elif out is None:
        click.echo(raw, nl=False)
    else:
        click.echo(f"{spelled(out)}: {len(raw)} bytes of {name}")
