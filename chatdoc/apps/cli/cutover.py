"""`chatdoc cutover` moves a document that is in use between a file's store and a database, and back."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.store_option import require_url
from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show


@click.command("cutover")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--store", required=True, metavar="URL", callback=require_url, help="The database: postgresql://…."
)
@click.option("--name", metavar="NAME", help="The document's name in the database; else that of FILE.")
@click.option("--back", is_flag=True, help="From the database to FILE.")
@json_option
def cutover(file: Path, store: str, name: str | None, back: bool, as_json: bool) -> None:
    """Let the document of FILE live in a database from now on, while it is in use, or back.

    With --back it lives in FILE afterwards. It is copied, compared whole, and switched under its lock; whoever has the
    side open that it leaves is told where it lives. A run that was cut off is begun again. `push` and `pull` only copy.
    """
    screen = console()

    def on_phase(phase: str) -> None:
        if not as_json:
            show(screen, phase)

    done = load_optional("chatdoc.cutover", "postgres").cutover(
        file, store, name=name, back=back, on_phase=on_phase
    )
    if as_json:
        print_json(done)
        return
    show(screen, line(f"document {done.document_id} lives at {done.lives_at}"))
    show(screen, f"{done.updates} updates, {done.events} events, digest {done.digest or 'not compared'}")
