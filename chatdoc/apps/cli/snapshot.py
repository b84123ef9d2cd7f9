"""`chatdoc snapshot` shows all that the logs of a folder's documents say now, each as of one event of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console

from chatdoc.apps.cli.terminal import columns, console, json_option, line, print_json, show, spelled
from chatdoc.apps.cli.threads import LAST, NARROW, moment, titled
from chatdoc.store.projections.row_types import Thread, TurnCounts
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.workspace import DocumentRows, Workspace


@click.command("snapshot")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def snapshot(folder: Path, as_json: bool) -> None:
    """Show all that the event logs of a folder's documents say now.

    Of every document in FOLDER and below it that has a store, by path. `chatdoc log FILE --from` goes on from a
    document's snapshotSequence. Nothing is written.
    """
    with Workspace(folder) as workspace:
        found = workspace.snapshot()
        turns = {one.store: workspace.log(one).turn_counts() for one in workspace.documents()}
    if as_json:
        unreadable = [
            msgspec.structs.replace(one, store=spelled(Path(one.store))) for one in found.unreadable
        ]
        documents = [_spelled(one) for one in found.documents]
        told = {"ok": not unreadable, "folder": found.folder, "documents": documents}
        print_json({**told, "unreadable": unreadable})
        sys.exit(1 if unreadable else 0)
    screen = console()
    for one in found.documents:
        _print(screen, spelled(Path(one.path)), one.snapshot, turns.get(one.store, {}))
    for lost in found.unreadable:
        show(screen, line(f"not shown: {spelled(Path(lost.store))}: {lost.reason}"))
    sys.exit(1 if found.unreadable else 0)


def _spelled(one: DocumentRows) -> DocumentRows:
    """The same with names that UTF-8 can carry."""
    return msgspec.structs.replace(one, path=spelled(Path(one.path)), store=spelled(Path(one.store)))


def _print(screen: Console, path: str, found: Snapshot, turns: dict[str, TurnCounts]) -> None:
    width = columns(screen)
    narrow = width < NARROW
    heads = ("thread", "messages", "turns", LAST, *(() if narrow else ("session",)))
    show(screen, f"{line(path)}, event {found.snapshot_sequence}")
    rows = [_cells(one, turns.get(one.id, TurnCounts()), narrow) for one in found.threads]
    show(screen, titled(heads, rows, [_title(one) for one in found.threads], width))


def _title(thread: Thread) -> str:
    return thread.title or (thread.messages[0].text if thread.messages else "")


def _cells(thread: Thread, turns: TurnCounts, narrow: bool) -> tuple[str, ...]:
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
