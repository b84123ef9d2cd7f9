"""`chatdoc status` shows what the stores of a folder hold: its documents, their migrations and their backups."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from chatdoc.apps.cli.store_option import store_option
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, spelled, table
from chatdoc.database import open_store
from chatdoc.settings import read_settings
from chatdoc.status import DocumentStatus
from chatdoc.status import status as documents_of
from chatdoc.store.session_index.index import SessionIndex

UNOPENED = "no documents here yet; `chatdoc migrate FOLDER` opens the chats that are there"


@click.command("status")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@store_option
@json_option
def status(folder: Path, store: str | None, as_json: bool) -> None:
    """Show the documents of FOLDER, and of those below it, with their stores.

    A store is named as its file in the folder `.chatdoc` beside the document's file, without `.sqlite3`. With --store
    the documents of a database are shown instead. Status 1 says that a store or a folder cannot be read.
    """
    if store is not None:
        _of_database(store, as_json)
        return
    found = [_spelled(one) for one in documents_of(folder)]
    ok = all(one.problem is None for one in found)
    settings = read_settings(os.environ, Path.home())
    sessions = _sessions(folder)
    if as_json:
        told = {"ok": ok, "folder": spelled(folder), "documents": found}
        print_json({**told, "settings": settings, "sessions": sessions})
        conclude(ok)
        return
    grid = table("file", "text", "updates", "migrated from", "backup", "store", numbers=("updates",))
    for one in found:
        unpublished = f" ({one.phase})" if one.phase not in (None, "published") else ""
        grid.add_row(
            line(one.path or ""),
            one.file,
            "" if one.updates is None else str(one.updates),
            f"{one.migrated_from or ''}{unpublished}",
            line(one.backup or ""),
            line(Path(one.store).stem),
        )
    show(
        console(),
        grid if found else UNOPENED,
    )
    for one in found:
        if one.problem is not None:
            show(console(), line(one.problem))
    for source, counts in sessions.items():
        switched = ", switched off" if settings.is_switched_off(source) else ""
        gone = f", {counts['missing']} of them gone since" if counts["missing"] else ""
        show(console(), f"session logs: {counts['logs']} of {source} imported{gone}{switched}")
    if not settings.schema_v2:
        show(console(), "CHATDOC_SCHEMA_V2=0: old files are not to be migrated")
    conclude(ok)


def _of_database(store: str, as_json: bool) -> None:
    with open_store(store) as database:
        found, name = database.documents(), database.name
    if as_json:
        print_json({"ok": True, "store": name, "documents": [one._asdict() for one in found]})
        return
    grid = table("document", "document id", "key")
    for one in found:
        grid.add_row(line(one.name), one.document_id, one.key)
    show(console(), grid if found else "no documents here yet")


def _sessions(folder: Path) -> dict[str, dict[str, int]]:
    """By source, how many session logs were imported into the folder, and how many of them are gone."""
    index = SessionIndex.look(folder)
    if index is None:
        return {}
    with index:
        rows = index.rows()
    return {
        source: {
            "logs": sum(row.source == source for row in rows),
            "missing": sum(row.source == source and row.missing_since_ms is not None for row in rows),
        }
        for source in sorted({row.source for row in rows})
    }


def _spelled(one: DocumentStatus) -> DocumentStatus:
    """The same with names that UTF-8 can carry."""
    backup = None if one.backup is None else spelled(Path(one.backup))
    path = None if one.path is None else spelled(Path(one.path))
    return msgspec.structs.replace(one, path=path, store=spelled(Path(one.store)), backup=backup)
