"""`chatdoc search` finds messages by their words, over all documents of a folder and the sessions imported there."""

from __future__ import annotations

from pathlib import Path

import click

from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, table
from chatdoc.apps.search.folder import catch_up
from chatdoc.model.clock import iso, ms_of
from chatdoc.model.errors import CommandRefused
from chatdoc.store.search.index import SearchIndex
from migrate.session.item import SOURCES

SNIPPET_LENGTH_MAX = 400


@click.command("search")
@click.argument("query")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--source", type=click.Choice((*SOURCES, "chat")), help="Only imported sessions of this tool, or chats."
)
@click.option("--role", type=click.Choice(("user", "assistant", "system")), help="Only what they said.")
@click.option("--since", metavar="DATE", help="Only what was said from this date on (ISO 8601).")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.option("--rebuild", is_flag=True, help="Index all documents anew first.")
@json_option
def search(
    query: str,
    folder: Path,
    source: str | None,
    role: str | None,
    since: str | None,
    limit: int,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Find messages that hold all words of QUERY.

    "Two words" in quotes are a phrase, and word* is a beginning. The best come first. Status 1 says that not all of
    FOLDER could be searched.
    """
    from_date = _date(since)
    with SearchIndex.open(folder.absolute()) as index:
        if rebuild:
            index.clear()
        unread = catch_up(index, folder.absolute())
        hits = index.search(query, source=source, role=role, since=from_date, limit=limit)
    if as_json:
        print_json({"ok": not unread, "query": query, "hits": hits, "unread": unread})
        conclude(not unread)
        return
    screen = console()
    grid = table("document", "said", "who", "found", whole=("said",))
    for hit in hits:
        grid.add_row(line(hit.document), hit.date[:16].replace("T", " "), line(hit.sender_id),
                     line(hit.snippet, SNIPPET_LENGTH_MAX))  # fmt: skip
        grid.add_row("", "", "", f"thread {hit.thread_id}, message {hit.message_id}")
    if hits:
        show(screen, grid)
    for name in unread:
        show(screen, line(f"{name}: cannot be read, so it was not searched"))
    show(screen, f"{len(hits)} found" if hits else "nothing found")
    conclude(not unread)


def _date(since: str | None) -> str | None:
    if since is None:
        return None
    try:
        return iso(ms_of(since))
    except ValueError as error:
        raise CommandRefused(
            "--since: expected an ISO 8601 date from 1970 to 9999",
            hint="Write 2026-03-01 or 2026-03-01T10:00",
        ) from error
