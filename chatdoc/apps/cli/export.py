"""`chatdoc export` writes a document in the format of other software, and changes nothing in the document."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.store_option import store_option
from chatdoc.apps.cli.terminal import is_terminal, json_option, json_text, print_json, safe, say, spelled
from chatdoc.apps.cli.way_back import read_or_say
from chatdoc.store.atomic_file import write_atomically
from migrate.export import FORMATS


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--to", "name", required=True, type=click.Choice(list(FORMATS)), help="The format to write.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where; standard output if not given.",
)
@click.option("--redact", is_flag=True, help="Take secrets out, and say how many of which kind.")
@store_option
@json_option
def export(file: Path, name: str, out: Path | None, redact: bool, store: str | None, as_json: bool) -> None:
    """Write FILE in another format.

    To standard output, or to another file; FILE stays as it is. Where FILE is lost or no chat, it is said whether its
    text can be recovered.
    """
    if out is not None and out.exists() and file.exists() and out.samefile(file):
        raise click.UsageError("--out names FILE itself; an export never replaces the document it comes from")
    view = read_or_say(file, store).view
    redacted: dict[str, int] = {}
    if redact:
        redactor = load_optional("chatdoc.apps.importer.redact", "import").Redactor()
        view = redactor.view(view)
        redacted = dict(sorted(redactor.found.items()))
    raw = FORMATS[name](view)
    if out is not None:
        write_atomically(out, raw)
    if as_json:
        where: dict[str, Any] = {"out": spelled(out)} if out is not None else _in_json(raw)
        if redact:
            where["redacted"] = redacted
        print_json({"ok": True, "file": spelled(file), "format": name, "bytes": len(raw), **where})
    elif out is not None:
        say(f"{spelled(out)}: {len(raw)} bytes of {name}")
    elif is_terminal():
        click.echo(_for_eyes(raw, name), nl=False)
    else:
        click.echo(raw, nl=False)
    if redact and not as_json:
        told = ", ".join(f"{count} {kind}" for kind, count in redacted.items())
        click.echo(f"redacted: {told or 'nothing'}", err=True)


def _in_json(raw: bytes) -> dict[str, str]:
    """The export as a text; where it holds bytes that are no UTF-8, spelled out in it, and beside it in base64."""
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"text": raw.decode("utf-8", "backslashreplace"), "base64": b64encode(raw).decode()}


def _for_eyes(raw: bytes, name: str) -> str:
    """The export for a terminal, which no character of it may steer; where JSON has escapes for them it stays equal."""
    if name == "markdown":
        return safe(raw.decode())
    return "\n".join(
        safe(json_text(line.decode("utf-8", "backslashreplace").encode())) for line in raw.split(b"\n")
    )
