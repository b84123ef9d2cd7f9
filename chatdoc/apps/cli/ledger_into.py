"""`chatdoc ledger backfill --into` brings the turns of a project's transcripts into a document and its event log."""

from __future__ import annotations

from pathlib import Path

from chatdoc.apps.cli.terminal import conclude, console, line, print_json, show, spelled, table
from chatdoc.apps.cli.unreadable import show_unreadable, unreadable_json
from chatdoc.apps.importer.transcripts import import_transcripts
from chatdoc.open import open_document
from chatdoc.store.ledger.project import Project


def backfill_into(project: Project, file: Path, as_json: bool) -> None:
    """Bring a project's turns into a document, and say what came of each thread, and what could not be read."""
    with open_document(file) as document:
        found = import_transcripts(document, project)
    damaged = [one.thread_id for one in found if one.problem_count]
    refused = [one for one in found if one.problem]
    ok = not (damaged or refused or project.unreadable)
    if as_json:
        print_json(
            {
                "ok": ok,
                "document": spelled(file),
                "threads": found,
                "unreadable": unreadable_json(project.unreadable),
            }
        )
        conclude(ok)
        return
    grid = table(
        "thread", "added", "known", "waiting", numbers=("added", "known", "waiting"), whole=("thread",)
    )
    for one in found:
        counts = (one.added_turn_count, one.known_turn_count, one.waiting_turn_count)
        grid.add_row(one.thread_id, *map(str, counts))
    show(console(), grid)
    for thread_id in damaged:
        show(
            console(),
            f"damaged, so that not all of it came: {thread_id}; chatdoc ledger validate has the lines",
        )
    for one in refused:
        show(console(), f"nothing of it came: {one.thread_id}: {line(one.problem)}")
    show_unreadable(project.unreadable)
    conclude(ok)
