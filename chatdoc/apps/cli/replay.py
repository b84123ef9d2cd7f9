"""`chatdoc replay` tells a thread again turn by turn: when each began, how it ended, and what was done in it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console

from chatdoc.apps.cli.ledger import uuid_of
from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show
from chatdoc.open import read_document
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.replay import DIAGNOSTICS, LedgerReader
from chatdoc.store.projections.replay import Replay, ReplayAction
from chatdoc.workspace import log_of
from migrate.transcript.summary import summary

PROJECT_LIMIT = 100
ACTION_CELLS_MAX = 110
NAMED_MAX = 10


@click.command("replay")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--project-path",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH",
    help="A project with transcripts, instead of FILE.",
)
@click.option("--thread-id", metavar="ID", help="The thread; not needed where FILE has just one.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the last N turns; all if not given, of a project 100.",
)
@json_option
def replay(
    file: Path | None,
    project_path: Path | None,
    thread_id: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Tell a thread of FILE, or of a project's transcripts, again, turn by turn.

    From the event log of FILE; of a project from the ledger where it is valid and fresh, else from the
    transcript, and why is said. A turn is pending, completed, failed, or interrupted by who stopped it. Nothing is
    written.
    """
    if (file is None) == (project_path is None):
        raise click.UsageError("Name either FILE or --project-path.")
    if project_path is not None:
        if thread_id is None:
            raise click.UsageError("--project-path needs --thread-id.")
        _replay_project(Project(project_path), uuid_of(thread_id), limit or PROJECT_LIMIT, as_json)
        return
    assert file is not None, "one of the two was given"
    chosen = _only_thread(file) if thread_id is None else thread_id
    with log_of(file) as view:
        found = view.replay_thread(chosen, limit=limit)
    if as_json:
        print_json({"ok": True, **msgspec.to_builtins(found)})
    else:
        _print(console(), found)


def _only_thread(file: Path) -> str:
    """The thread of a file that has one; those that were deleted do not count."""
    threads = [one.thread_id for one in read_document(file).threads() if one.deleted_at is None]
    if len(threads) != 1:
        some = ", ".join(threads[:NAMED_MAX]) + (", …" if len(threads) > NAMED_MAX else "")
        raise click.UsageError(
            f"FILE has {len(threads)} threads; name one with --thread-id: {some}"
            if threads
            else "FILE has no thread."
        )
    return threads[0]


def _replay_project(project: Project, thread_id: str, limit: int, as_json: bool) -> None:
    reader = LedgerReader(project)
    reading = reader.read(thread_id, limit=limit)
    told = summary(project.path, thread_id, reading.turns)
    if as_json:
        why = {"source": reading.source, "diagnostic": reading.diagnostic, "counters": dict(reader.counters)}
        print_json({"ok": True, **told, **why})
        return
    _print(console(), msgspec.convert(told, Replay))
    show(
        console(), f"Read from the {reading.source} ({reading.diagnostic}): {DIAGNOSTICS[reading.diagnostic]}"
    )


def _print(screen: Console, found: Replay) -> None:
    counts = (
        f"completed={found.completed_turn_count}, pending={found.pending_turn_count},"
        f" failed={found.failed_turn_count}"
    )
    if stopped := sum(turn.status == "interrupted" for turn in found.turns):
        counts += f", interrupted={stopped}"
    show(screen, f"Project: {line(found.project_path)}", f"Thread: {line(found.thread_id)}")
    show(screen, f"Turns: {found.turn_count} ({counts})")
    for turn in found.turns:
        show(screen, f"{turn.timestamp} [{turn.status}] {line(turn.turn_id)}")
        _print_text(screen, "asked", turn.user_text)
        for action in turn.actions:
            show(screen, f"  {_action(action)}")
        _print_text(screen, "said", turn.assistant_text)


def _print_text(screen: Console, who: str, text: str) -> None:
    """A text, each of its lines behind a bar, so that none can be taken for a line of the replay."""
    if text:
        show(screen, f"  {who}:", *(f"  | {one}".rstrip() for one in text.splitlines()))


def _action(action: ReplayAction) -> str:
    detail = f": {action.detail}" if action.detail else ""
    return line(f"{action.created_at} {action.title} ({action.method}){detail}", ACTION_CELLS_MAX).plain
