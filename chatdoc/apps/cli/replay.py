"""`chatdoc replay` tells a thread again turn by turn: when each began, how it ended, and what was done in it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console

from chatdoc.apps.cli.terminal import console, json_option, line, print_json, show
from chatdoc.store.projections.replay import Replay, ReplayAction
from chatdoc.workspace import log_of

ACTION_CELLS_MAX = 110


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--thread-id", required=True, metavar="ID", help="The thread.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only the last N turns; all if not given."
)
@json_option
def replay(file: Path, thread_id: str, limit: int | None, as_json: bool) -> None:
    """Tell a thread of FILE again, turn by turn.

    From the event log of FILE. A turn is pending, completed or failed. Nothing is written.
    """
    with log_of(file) as view:
        found = view.replay_thread(thread_id, limit=limit)
    if as_json:
        print_json({"ok": True, **msgspec.to_builtins(found)})
    else:
        _print(console(), found)


def _print(screen: Console, found: Replay) -> None:
    counts = (
        f"completed={found.completed_turn_count}, pending={found.pending_turn_count},"
        f" failed={found.failed_turn_count}"
    )
    show(screen, f"Project: {line(found.project_path)}", f"Thread: {line(found.thread_id)}")
    show(screen, f"Turns: {found.turn_count} ({counts})")
    for turn in found.turns:
        show(screen, f"{turn.timestamp} [{turn.status}] {line(turn.turn_id)}")
        for action in turn.actions:
            show(screen, f"  {_action(action)}")


def _action(action: ReplayAction) -> str:
    detail = f": {action.detail}" if action.detail else ""
    return line(f"{action.created_at} {action.title} ({action.method}){detail}", ACTION_CELLS_MAX).plain
