"""`chatdoc snapshot` shows all that a folder's log says now: its projects and their threads, as of one event."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console

from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show
from chatdoc.apps.cli.threads import LAST, NARROW, moment, titled
from chatdoc.store.projections import queries
from chatdoc.store.projections.row_types import Thread
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.store.projections.snapshot import snapshot as take
from chatdoc.workspace import Workspace


@click.command("snapshot")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def snapshot(folder: Path, as_json: bool) -> None:
    """Show all that the event log of a folder says now.

    It is the log of the store in FOLDER, or in the nearest folder above it that has one, with all documents.
    `chatdoc log --from` goes on from its snapshotSequence. Nothing is written.
    """
    with Workspace(folder) as workspace:
        found, turns = workspace.at_one_moment(lambda ask: (take(ask), queries.turn_counts(ask)))
    if as_json:
        print_json({"ok": True, **msgspec.to_builtins(found)})
    else:
        _print(console(), found, turns)


def _print(screen: Console, found: Snapshot, turns: dict[str, queries.TurnCounts]) -> None:
    narrow = screen.width < NARROW
    columns = ("thread", "messages", "turns", LAST, *(() if narrow else ("session",)))
    for project in found.projects:
        show(
            screen, f"{line(project.title)} ({line(project.workspace_root)}), event {found.snapshot_sequence}"
        )
        threads = [one for one in found.threads if one.project_id == project.id]
        rows = [_cells(one, turns.get(one.id, queries.TurnCounts()), narrow) for one in threads]
        show(screen, titled(columns, rows, [_title(one) for one in threads], screen.width))


def _title(thread: Thread) -> str:
    return thread.title or (thread.messages[0].text if thread.messages else "")


def _cells(thread: Thread, turns: queries.TurnCounts, narrow: bool) -> tuple[str, ...]:
    running = f" ({turns.running} running)" if turns.running else ""
    last = max(
        (
            thread.created_at,
            *(message.updated_at for message in thread.messages),
            *(activity.created_at for activity in thread.activities),
            *(checkpoint.completed_at for checkpoint in thread.checkpoints),
        )
    )
    status = thread.session.status if thread.session is not None else ""
    session = "deleted" if thread.deleted_at is not None else status
    return (
        line(thread.id).plain,
        str(len(thread.messages)),
        f"{turns.turns}{running}",
        moment(last, narrow),
        *(() if narrow else (session,)),
    )
