"""`chatdoc projections` says how far the folded tables have come, folds them anew, and removes what is folded."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins
from rich.console import Console
from rich.progress import Progress

from chatdoc.apps.cli.terminal import conclude, console, json_option, print_json, show, spelled, table
from chatdoc.workspace import Workspace


@click.group("projections")
def projections() -> None:
    """See to the tables that are folded from the event log, and to its size.

    Each takes the log of the store in FOLDER, or in the nearest folder above it that has one.
    """


@projections.command("status")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Show how far each projector has come.

    Status 1 says that one lacks events; the next change or a rebuild lets it catch up. Nothing is written.
    """
    with Workspace(folder) as workspace:
        found = workspace.projections()
    ok = not any(one.behind for one in found)
    if as_json:
        last = found[0].last_applied_sequence + found[0].behind
        print_json({"ok": ok, "folder": spelled(folder), "last_sequence": last, "projectors": found})
    else:
        grid = table("projector", "applied", "behind", numbers=("applied", "behind"))
        for one in found:
            grid.add_row(one.projector, str(one.last_applied_sequence), str(one.behind))
        show(console(), grid)
    conclude(ok)


@projections.command("rebuild")
@click.argument("folder", default=".", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def rebuild(folder: Path, as_json: bool) -> None:
    """Throw the folded tables away and fold the whole log anew.

    In one transaction: others read the old rows until it is done, wait with what they write, and see nothing of a
    rebuild that fails. Each table is then equal to what it was, or changed.
    """
    errors = Console(stderr=True)
    with (
        Workspace(folder) as workspace,
        Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar,
    ):
        task = bar.add_task("folding", total=workspace.last_sequence())
        found = workspace.rebuild(lambda _, sequence: bar.update(task, completed=sequence))
    if as_json:
        print_json({"ok": True, "folder": spelled(folder), **to_builtins(found)})
        return
    grid = table("table", "rows")
    for name, outcome in found.tables.items():
        grid.add_row(name, outcome)
    show(console(), grid, f"{found.events} events folded, the last is {found.last_sequence}")


@projections.command("compact")
@click.argument("place", default=".", type=click.Path(path_type=Path, exists=True), metavar="[FOLDER|FILE]")
@click.option("--apply", is_flag=True, help="Do it; without this nothing is written.")
@json_option
def compact(place: Path, apply: bool, as_json: bool) -> None:
    """Remove the events whose effect is folded.

    The rows stay, command ids stay known, and followers that have come to the end go on. What was said before is then
    in the tables only, and no `chatdoc log` shows it; documents are untouched. The file keeps its size, with free
    space for what comes.
    """
    with Workspace.of_file(place) if place.is_file() else Workspace(place) as workspace:
        found = workspace.compact_log(dry_run=not apply)
    if as_json:
        print_json(
            {
                "ok": True,
                "place": spelled(place),
                "events_removed": found.events_removed,
                **to_builtins(found),
            }
        )
        return
    grid = table("", "events", "bytes", numbers=("events", "bytes"))
    grid.add_row("before", str(found.events_before), str(found.bytes_before))
    grid.add_row("after", str(found.events_after), str(found.bytes_after))
    if not found.events_removed:
        verdict = "nothing to remove"
    elif apply:
        verdict = f"removed; the log can be replayed from sequence {found.through_sequence}"
    else:
        verdict = "nothing was written; --apply removes them"
    show(
        console(),
        grid,
        f"{found.events_removed} events: {verdict}",
        f"{found.free_bytes} bytes of the file are free",
    )
