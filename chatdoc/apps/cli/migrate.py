"""`chatdoc migrate` upgrades files and whole folders, goes on after a bad file, and sums up what happened."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import track

from chatdoc.apps.cli.terminal import (
    conclude,
    console,
    json_option,
    line,
    print_json,
    reason,
    show,
    spelled,
    table,
)
from chatdoc.apps.cli.walk import chat_files
from chatdoc.model.errors import ChatdocError, NoChat, NotMigrated
from chatdoc.open import migrate_file
from migrate.report import MigrationReport

YOUNG_OBJECTS = 50_000
"""Measured: with Python's own 700 a migration spends a tenth of its time in the collector."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file: `migrated`, `would migrate`, `up to date`, `left alone`, `no chat` or `failed`.

    The last three say why.
    """

    file: str
    outcome: str
    report: MigrationReport | None = None
    error: str = ""
    hint: str = ""


@click.command("migrate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.option(
    "--all-folders",
    is_flag=True,
    help="Snapshots, checkpoints, node_modules, .git and trash too, which are left out else.",
)
@click.option("--convert", is_flag=True, help="Those of jupyterlab-chat too, which cannot read them then.")
@json_option
def migrate(paths: tuple[Path, ...], dry_run: bool, all_folders: bool, convert: bool, as_json: bool) -> None:
    """Migrate files and whole folders.

    Of folders, every *.chat and *.sage-chat below them, hidden ones too, but not of folders that hold copies and what
    was thrown away. Files of other programs that are called so are no chats, and left alone; so are those of
    jupyterlab-chat without --convert. Status 1 says that a file failed; one that is named itself and is no
    chat has.
    """
    unread: list[OSError] = []
    walked = (chat_files(path, unread.append, everywhere=all_folders) for path in paths)
    files = list(dict.fromkeys(file for found in walked for file in found))
    errors = Console(stderr=True)
    outcomes = [_failed(Path(error.filename), error) for error in unread]
    with _collecting_rarely():
        for file in track(files, "migrating", console=errors, transient=True, disable=not errors.is_terminal):
            outcome = _migrated(file, dry_run, convert)
            if outcome.outcome == "no chat" and file in paths:
                outcome = msgspec.structs.replace(outcome, outcome="failed")  # It was asked for.
            outcomes.append(outcome)
    counts = Counter(outcome.outcome for outcome in outcomes)
    if as_json:
        print_json({"ok": not counts["failed"], "dry_run": dry_run, "counts": counts, "files": outcomes})
    else:
        screen = console()
        grid = table("file", "outcome", "why")
        for outcome in outcomes:
            why = f"{outcome.error}. {outcome.hint}" if outcome.hint else outcome.error
            grid.add_row(line(outcome.file), outcome.outcome, line(why))
        if outcomes:
            show(screen, grid)
        show(
            screen,
            ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "no chat files",
        )
    conclude(not counts["failed"])


@contextlib.contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let the garbage collector look at young objects more rarely: a migration makes many, and nearly all stay."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _migrated(file: Path, dry_run: bool, convert: bool) -> Outcome:
    try:
        report = migrate_file(file, dry_run=dry_run, convert=convert)
    except NotMigrated as error:
        return msgspec.structs.replace(_failed(file, error), outcome="left alone")
    except NoChat as error:
        return msgspec.structs.replace(_failed(file, error), outcome="no chat", hint="")
    except (ChatdocError, OSError) as error:
        return _failed(file, error)
    done = "up to date" if report is None else "would migrate" if dry_run else "migrated"
    return Outcome(file=spelled(file), outcome=done, report=report)


def _failed(file: Path, error: ChatdocError | OSError) -> Outcome:
    message, hint = reason(error)
    return Outcome(file=spelled(file), outcome="failed", error=message, hint=hint)
