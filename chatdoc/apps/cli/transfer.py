"""`chatdoc push` and `chatdoc pull` copy documents to a database and back, whole, and never over newer edits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from chatdoc.apps.cli.optional import load_optional
from chatdoc.apps.cli.store_option import require_url
from chatdoc.apps.cli.terminal import console, json_option, print_json, show
from chatdoc.apps.cli.unreadable import show_unreadable, unreadable_json
from chatdoc.apps.cli.walk import chat_files

_TO = click.option(
    "--store", required=True, metavar="URL", callback=require_url, help="The database: postgresql://…."
)


@click.command("push")
@click.argument("path", type=click.Path(path_type=Path, exists=True), metavar="FILE|FOLDER")
@_TO
@json_option
def push(path: Path, store: str, as_json: bool) -> None:
    """Copy FILE, or the chats of FOLDER, into a database, each with its whole history.

    Paths below FOLDER name the documents there; FILE is named by its own name. One that is there already is brought up
    to date, unless it has edits that the file has not: then nothing of it is written, and the status is 1.
    """
    transfer = load_optional("chatdoc.transfer", "postgres")
    closed: list[OSError] = []
    files = chat_files(path, closed.append)
    base = path if path.is_dir() else path.parent
    named = ((file, file.relative_to(base).as_posix()) for file in files)
    _tell(transfer.push(named, store), as_json, closed)


@click.command("pull")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_TO
@click.option(
    "--document",
    "documents",
    metavar="NAME",
    multiple=True,
    help="Only this document, or these; else all of the database.",
)
@json_option
def pull(folder: Path, store: str, documents: tuple[str, ...], as_json: bool) -> None:
    """Copy the documents of a database into FOLDER, as `.chat` files with their stores.

    A document's name is its path below FOLDER. One that is there already is brought up to date, unless it has edits
    that the database has not: then nothing of it is written, and the status is 1.
    """
    transfer = load_optional("chatdoc.transfer", "postgres")
    _tell(transfer.pull(folder, store, documents=documents or None), as_json, [])


def _tell(found: Iterable[object], as_json: bool, closed: list[OSError]) -> None:
    """Each document as it is done, so that a run that is cut off has said how far it came; then what was not read."""
    done = list(found if as_json else _shown(found))
    refused = sum(getattr(one, "outcome", "") == "refused" for one in done)
    unreadable = {Path(os.fsdecode(one.filename)): one.strerror or "" for one in closed}
    ok = not (refused or unreadable)
    if as_json:
        print_json({"ok": ok, "documents": done, "unreadable": unreadable_json(unreadable)})
    else:
        show(console(), f"{len(done)} documents, {refused} refused")
        show_unreadable(unreadable)
    sys.exit(0 if ok else 1)


def _shown(found: Iterable[object]) -> Iterator[object]:
    """A line each: in a table of thousands none would know how wide the next name is."""
    screen = console()
    before = None
    for one in found:
        outcome, name = getattr(one, "outcome", ""), getattr(one, "name", "")
        copied, problem = getattr(one, "copied", None), getattr(one, "problem", None)
        if copied is not None:
            how = f" ({copied.updates} updates, {copied.events} events, {copied.receipts} receipts)"
        elif problem is not None:
            how = ": for the same reason" if problem == before else f": {problem}"
        else:
            how = ""
        show(screen, " ".join(f"{outcome:<7}  {name}{how}".splitlines()))
        before = problem
        yield one
