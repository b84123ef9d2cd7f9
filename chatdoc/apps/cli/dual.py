"""`chatdoc dual` takes a consensus database from its old tables to its new ones, phase by phase, and back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins
from rich.console import Console
from rich.progress import Progress, TaskID

from chatdoc.apps.cli.command_group import CommandGroup
from chatdoc.apps.cli.metrics_file import metrics_option, write_metrics
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, spelled, table
from chatdoc.apps.importer.consensus import import_runs
from chatdoc.model.clock import system_clock
from chatdoc.open import open_document
from chatdoc.store.dual.backfill import Backfilled
from chatdoc.store.dual.backfill import backfill as fill
from chatdoc.store.dual.consensus.store import ConsensusStore
from chatdoc.store.dual.control import Range
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import PHASES, Phase
from chatdoc.store.dual.verify import Verified
from chatdoc.store.dual.verify import verify as compare

database = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="DATABASE"
)


@click.group("dual", cls=CommandGroup)
def dual() -> None:
    """Move a consensus database from its old tables to its new ones.

    The phases are old_only, dual_write, read_new, new_only and dropped; each but the last can be left again.
    """


@dual.command("status")
@database
@metrics_option
@json_option
def status(file: Path, metrics: Path | None, as_json: bool) -> None:
    """Show phase, rows, what waits for a repair, and counters; writes nothing."""
    with ConsensusStore.look(file, clock=system_clock) as store:
        phase = store.phase
        told = [_status(one) for one in store.duals]
    write_metrics(metrics, "DualMetrics", told)
    if as_json:
        print_json({"ok": True, "file": spelled(file), "phase": phase, "entities": told})
        return
    screen = console()
    show(screen, f"{line(str(file))}: phase {phase}")
    grid = table("entity", "old", "new", "waiting", "ranges", numbers=("old", "new", "waiting", "ranges"))
    for one in told:
        grid.add_row(
            one["entity"], *(str(one[name]) for name in ("old_rows", "new_rows", "pending", "ranges"))
        )
    show(screen, grid)
    for one in told:
        for name, labels in one["counters"].items():
            said = ", ".join(f"{label} {value}" for label, value in labels.items())
            show(screen, f"{one['entity']} {name}: {said}")


def _status(store: DualStore) -> dict[str, Any]:
    old, new = store.sides["old"], store.sides["new"]
    return {
        "entity": store.entity.name,
        "phase": store.phase,
        "old_rows": old.count() if old.is_there() else 0,
        "new_rows": new.count() if new.is_there() else 0,
        "pending": len(store.control.pending()),
        "ranges": len(store.control.ranges()),
        "counters": store.control.counters(),
    }


@dual.command("backfill")
@database
@click.option(
    "--rows", type=click.IntRange(min=1), default=100, show_default=True, metavar="N", help="Rows a range."
)
@click.option("--force", is_flag=True, help="Also ranges that an earlier run finished.")
@json_option
def backfill(file: Path, rows: int, force: bool, as_json: bool) -> None:
    """Bring every old row into the new tables, range by range; killed at any time, it goes on where it was."""
    errors = Console(stderr=True)
    with (
        _opened(file) as store,
        Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar,
    ):
        found: dict[str, Backfilled] = {}
        for one in store.duals:
            old = one.sides["old"]
            task = bar.add_task(one.entity.name, total=old.count() if old.is_there() else 0)
            found[one.entity.name] = fill(one, rows=rows, force=force, on_range=_advancing(bar, task))
    ok = not any(done.conflicts or done.still_pending for done in found.values())
    if as_json:
        print_json(
            {
                "ok": ok,
                "file": spelled(file),
                "entities": {name: to_builtins(done) for name, done in found.items()},
            }
        )
    else:
        grid = table("entity", "ranges", "skipped", "copied", "updated", "deleted", "conflicts")
        for name, done in found.items():
            counts = (
                done.ranges,
                done.skipped_ranges,
                done.copied,
                done.updated,
                done.deleted,
                sum(done.conflicts.values()),
            )
            grid.add_row(name, *map(str, counts))
        show(console(), grid)
    conclude(ok)


@dual.command("verify")
@database
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Compare both sides value by value; status 1 says that new could not stand alone. Writes nothing."""
    with ConsensusStore.look(file, clock=system_clock) as store:
        found = {one.entity.name: compare(one) for one in store.duals}
    ok = all(one.ok for one in found.values())
    if as_json:
        print_json({"ok": ok, "file": spelled(file), "entities": found})
    else:
        _print(found)
    conclude(ok)


@dual.command("phase")
@database
@click.argument("name", type=click.Choice(PHASES))
@json_option
def phase(file: Path, name: Phase, as_json: bool) -> None:
    """Go to a phase, or back to an earlier one."""
    with _opened(file) as store:
        before = store.phase
        moved = store.change_phase(name)
    if as_json:
        print_json(
            {"ok": True, "file": spelled(file), "before": before, "phase": name, "brought_back": moved}
        )
        return
    show(
        console(), f"{before} -> {name}" + (f", {moved} rows brought back to the old tables" if moved else "")
    )


@dual.command("drop")
@database
@click.option("--apply", is_flag=True, help="Do it; without this it is only said whether it could be done.")
@json_option
def drop(file: Path, apply: bool, as_json: bool) -> None:
    """Remove the old tables, once every old value is proved to stand in the new ones. Nothing brings them back."""
    if apply:
        with _opened(file) as store:
            found = {one.entity.name: proof for one, proof in zip(store.duals, store.drop(), strict=True)}
        ok = True
    else:
        with ConsensusStore.look(file, clock=system_clock) as store:
            found = {one.entity.name: compare(one) for one in store.duals}
            ok = store.phase == "new_only" and all(one.ok and not one.unbound for one in found.values())
    if as_json:
        print_json({"ok": ok, "file": spelled(file), "dropped": apply, "entities": found})
    else:
        _print(found)
        verdict = "dropped" if apply else ("--apply drops them" if ok else "would be refused")
        show(console(), f"The old tables: {verdict}")
    conclude(ok)


@dual.command("import")
@database
@click.option(
    "--into", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The chat."
)
@json_option
def import_(file: Path, into: Path, as_json: bool) -> None:
    """Bring every run into a chat as a thread: each agent's artifact a message, the synthesis behind them.

    The database is only read, in whichever phase it is; a second import adds nothing.
    """
    with ConsensusStore.look(file, clock=system_clock) as store, open_document(into) as document:
        found = import_runs(document, store)
    if as_json:
        print_json({"ok": True, "document": spelled(into), "runs": found})
        return
    grid = table(
        "thread", "run", "rows", "messages added", numbers=("rows", "messages added"), whole=("thread",)
    )
    for one in found:
        grid.add_row(one.thread_id, line(f"{one.spec_id} {one.run_id}"), str(one.rows), str(one.added))
    show(console(), grid)


def _advancing(bar: Progress, task: TaskID) -> Callable[[Range], None]:
    return lambda done: bar.advance(task, done.rows)


def _opened(file: Path) -> ConsensusStore:
    return ConsensusStore.open(file, clock=system_clock, random=secrets.token_bytes)


def _print(found: dict[str, Verified]) -> None:
    grid = table(
        "entity", "equal", "missing in new", "differing", "only in new", "deleted on one side", "waiting"
    )
    for name, one in found.items():
        counts = (
            one.equal,
            one.missing_in_new,
            one.differing,
            one.missing_in_old,
            one.deleted_on_one_side,
            one.pending,
        )
        grid.add_row(name, *map(str, counts))
    screen = console()
    show(screen, grid)
    for name, one in found.items():
        for field, count in one.fields.items():
            show(screen, f"{name}: {field} differs in {count}")
