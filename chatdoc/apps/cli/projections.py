"""`chatdoc projections` says how far the folded tables have come, folds them anew, and removes what is folded."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins
from rich.console import Console
from rich.progress import Progress

from chatdoc.apps.cli.command_group import CommandGroup
from chatdoc.apps.cli.terminal import conclude, console, json_option, print_json, show, spelled, table
from chatdoc.workspace import log_of


@click.group("projections", cls=CommandGroup)
def projections() -> None:
    """See to the tables that are folded from the event log of a document, and to its size."""


@projections.command("status")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def status(file: Path, as_json: bool) -> None:
    """Show how far each projector has come.

    Status 1 says that one lacks events; the next change or a rebuild lets it catch up. Nothing is written.
    """
    with log_of(file) as view:
        found = view.projections()
    ok = not any(one.behind for one in found)
    if as_json:
        last = found[0].last_applied_sequence + found[0].behind
        print_json({"ok": ok, "file": spelled(file), "last_sequence": last, "projectors": found})
    else:
        grid = table("projector", "applied", "behind", numbers=("applied", "behind"))
        for one in found:
            grid.add_row(one.projector, str(one.last_applied_sequence), str(one.behind))
        show(console(), grid)
    conclude(ok)


@projections.command("rebuild")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def rebuild(file: Path, as_json: bool) -> None:
    """Throw the folded tables away and fold the whole log anew.

    In one transaction: others read the old rows until it is done, wait with what they write, and see nothing of a
    rebuild that fails. Each table is then equal to what it was, or changed.
    """
    errors = Console(stderr=True)
    with (
        log_of(file, write=True) as view,
        Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar,
    ):
        task = bar.add_task("folding", total=view.last_sequence())
        found = view.rebuild(lambda _, sequence: bar.update(task, completed=sequence))
    if as_json:
        print_json({"ok": True, "file": spelled(file), **to_builtins(found)})
        return
    grid = table("table", "rows")
    for name, outcome in found.tables.items():
        grid.add_row(name, outcome)
    show(console(), grid, f"{found.events} events folded, the last is {found.last_sequence}")


@projections.command("compact")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--apply", is_flag=True, help="Do it; without this nothing is written.")
@json_option
def compact(file: Path, apply: bool, as_json: bool) -> None:
    """Remove the events whose effect is folded.

    The rows stay, command ids stay known, and followers that have come to the end go on. What was said before is then
    in the tables only, and no `chatdoc log` shows it; documents are untouched. The file keeps its size, with free
    space for what comes.
    """
    with log_of(file, write=apply) as view:
        found = view.compact(dry_run=not apply)
    if as_json:
        print_json(
            {
                "ok": True,
                "file": spelled(file),
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
