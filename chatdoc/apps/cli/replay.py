"""`chatdoc replay` tells a thread again turn by turn: when each began, how it ended, and what was done in it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console

from chatdoc.apps.cli.ledger import uuid_of
from chatdoc.apps.cli.metrics_file import metrics_option, write_metrics
from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show
from chatdoc.model.view.view import View
from chatdoc.open import read_document
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.replay import DIAGNOSTICS, LedgerReader
from chatdoc.store.projections.replay import Replay, ReplayAction
from chatdoc.workspace import log_of
from migrate.transcript.summary import summary

PROJECT_LIMIT = 100
ACTION_CELLS_MAX = 110
NAMED_MAX = 10
STOPPED = "interrupted"
"""What a turn is called that somebody stopped."""
BY_SOMEBODY = "interrupt"
"""The reason in a message whose turn somebody stopped; others are told by the machine."""


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
@metrics_option
@json_option
def replay(
    file: Path | None,
    project_path: Path | None,
    thread_id: str | None,
    limit: int | None,
    metrics: Path | None,
    as_json: bool,
) -> None:
    """Tell a thread of FILE, or of a project's transcripts, again, turn by turn.

    From the event log of FILE; of a project from the ledger where it is valid and fresh, else from the
    transcript, and why is said. A turn is pending, completed, failed, or interrupted by who stopped it. Nothing is
    written.
    """
    if (file is None) == (project_path is None):
        raise click.UsageError("Name either FILE or --project-path.")
    if metrics is not None and project_path is None:
        raise click.UsageError("--metrics goes with --project-path.")
    if project_path is not None:
        if thread_id is None:
            raise click.UsageError("--project-path needs --thread-id.")
        _replay_project(Project(project_path), uuid_of(thread_id), limit or PROJECT_LIMIT, metrics, as_json)
        return
    assert file is not None, "one of the two was given"
    view = read_document(file).view
    chosen = _only_thread(view) if thread_id is None else thread_id
    with log_of(file) as log:
        found = log.replay_thread(chosen, limit=limit)
    stopped = _stopped(view, found)
    if as_json:
        told = msgspec.to_builtins(found)
        for turn in told["turns"]:
            turn["status"] = STOPPED if turn["turnID"] in stopped else turn["status"]
        print_json({"ok": True, **told, "failedTurnCount": found.failed_turn_count - len(stopped)})
    else:
        _print(console(), found, stopped)


def _stopped(view: View, found: Replay) -> frozenset[str]:
    """The turns that somebody stopped: the log calls them failed, for they did not come to their end."""
    failed = [turn.turn_id for turn in found.turns if turn.status == "failed"]
    return frozenset(one for one in failed if view.field(one, "acp_interrupted_reason") == BY_SOMEBODY)


def _only_thread(view: View) -> str:
    """The thread of a file that has one; those that were deleted do not count."""
    found = [thread for one in view.thread_ids() if (thread := view.thread(one)) is not None]
    threads = [one.thread_id for one in found if one.deleted_at is None]
    if len(threads) != 1:
        some = ", ".join(threads[:NAMED_MAX]) + (", …" if len(threads) > NAMED_MAX else "")
        raise click.UsageError(
            f"FILE has {len(threads)} threads; name one with --thread-id: {some}"
            if threads
            else "FILE has no thread."
        )
    return threads[0]


def _replay_project(
    project: Project, thread_id: str, limit: int, metrics: Path | None, as_json: bool
) -> None:
    reader = LedgerReader(project)
    reading = reader.read(thread_id, limit=limit)
    write_metrics(metrics, "LedgerMetrics", states={}, reads=reader.counters)
    told = summary(project.path, thread_id, reading.turns)
    if as_json:
        why = {"source": reading.source, "diagnostic": reading.diagnostic, "counters": dict(reader.counters)}
        print_json({"ok": True, **told, **why})
        return
    _print(console(), msgspec.convert(told, Replay))
    show(
        console(), f"Read from the {reading.source} ({reading.diagnostic}): {DIAGNOSTICS[reading.diagnostic]}"
    )


def _print(screen: Console, found: Replay, stopped: frozenset[str] = frozenset()) -> None:
    counts = (
        f"completed={found.completed_turn_count}, pending={found.pending_turn_count},"
        f" failed={found.failed_turn_count - len(stopped)}"
    )
    if stopped:
        counts += f", {STOPPED}={len(stopped)}"
    show(screen, f"Project: {line(found.project_path)}", f"Thread: {line(found.thread_id)}")
    show(screen, f"Turns: {found.turn_count} ({counts})")
    for turn in found.turns:
        show(
            screen,
            f"{turn.timestamp} [{STOPPED if turn.turn_id in stopped else turn.status}] {line(turn.turn_id)}",
        )
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
