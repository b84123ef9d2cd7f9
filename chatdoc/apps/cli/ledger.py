"""`chatdoc ledger` makes ledgers from transcripts, says which are stale, and compares what each file tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import to_builtins

from chatdoc.apps.cli.command_group import CommandGroup
from chatdoc.apps.cli.ledger_into import backfill_into
from chatdoc.apps.cli.metrics_file import metrics_option, write_metrics
from chatdoc.apps.cli.terminal import conclude, console, json_option, line, print_json, show, spelled, table
from chatdoc.apps.cli.unreadable import show_unreadable, unreadable_json
from chatdoc.model.clock import iso, system_clock
from chatdoc.model.errors import CommandRefused
from chatdoc.open import read_document
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.ledger import backfill as backfills
from chatdoc.store.ledger import parity as parities
from chatdoc.store.ledger import validate as validation
from chatdoc.store.ledger.bundle import bundle
from chatdoc.store.ledger.legacy_days import take_over_days
from chatdoc.store.ledger.log_turns import turns_of
from chatdoc.store.ledger.project import Project, thread_uuid
from chatdoc.store.plain_file import read_plain
from chatdoc.workspace import log_of
from migrate.transcript.ledger import LIMIT_ALL
from migrate.transcript.turn import TranscriptTurn

LIMIT = click.IntRange(min=1)
_Command = TypeVar("_Command", bound=Callable[..., Any])
project_option = click.option(
    "--project-path",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH",
    help="The project: the folder that has chats/threads.",
)


def thread_option(*, required: bool) -> Callable[[_Command], _Command]:
    """Adds `--thread-id`, passed on as its files spell it; what is no id is misuse."""
    told = "The thread." if required else "Only this thread."
    return click.option("--thread-id", required=required, metavar="UUID", callback=_uuid, help=told)


def _uuid(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    return None if value is None else uuid_of(value)


def uuid_of(thread_id: str) -> str:
    """The id of a thread as its files spell it; raises BadParameter."""
    try:
        return thread_uuid(thread_id)
    except CommandRefused as refusal:
        raise click.BadParameter("expected a UUID or a ULID", param_hint="--thread-id") from refusal


@click.group("ledger", cls=CommandGroup)
def ledger() -> None:
    """Keep ledgers of thread transcripts.

    A transcript is chats/threads/<UUID>.md below the project, its ledger <UUID>.ledger.json beside it.
    """


@ledger.command("export")
@project_option
@thread_option(required=True)
@click.option(
    "--limit", type=LIMIT, default=100, show_default=True, metavar="N", help="Only the last N turns."
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to; beside the transcript."
)
@json_option
def export(project_path: Path, thread_id: str, limit: int, output: Path | None, as_json: bool) -> None:
    """Write the ledger of one thread."""
    done = backfills.export(Project(project_path), thread_id, limit=limit, output=output)
    if as_json:
        print_json({"ok": True, **to_builtins(done)})
        return
    show(
        console(),
        f"Output: {line(done.output_path)}",
        f"Entries: {done.entry_count}",
        f"SHA256: {done.sha256}",
    )


@ledger.command("backfill")
@project_option
@click.option(
    "--limit", type=LIMIT, default=LIMIT_ALL, metavar="N", help="Only the last N turns of each; else all."
)
@click.option("--force", is_flag=True, help="Also where the ledger is fresh.")
@click.option("--legacy", is_flag=True, help="First take over the day archives of older versions, once.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Bring the turns into this document and its event log instead.",
)
@json_option
def backfill(
    project_path: Path, limit: int, force: bool, legacy: bool, into: Path | None, as_json: bool
) -> None:
    """Make a ledger for each thread that has none or a stale one.

    A second run writes nothing. Transcripts are never changed, but for --legacy, which adds turns to them.
    """
    if into is not None:
        backfill_into(Project(project_path), into, as_json)
        return
    project, now_iso = Project(project_path), iso(system_clock())
    inserted = take_over_days(project, now_iso) if legacy else 0
    done = backfills.backfill(project, now_iso=now_iso, limit=limit, force=force)
    problems = [one.problem for one in done.threads if one.problem]
    ok = not (problems or done.failed_thread_count or project.unreadable)
    if as_json:
        more = {"insertedTurnCount": inserted} if legacy else {}
        print_json({"ok": ok, **to_builtins(done), **more, "unreadable": unreadable_json(project.unreadable)})
        conclude(ok)
        return
    screen = console()
    show(
        screen,
        f"Project: {line(done.project_path)}",
        f"Markers: {line(done.marker_directory_path)}",
        f"Threads scanned: {done.scanned_thread_count}",
        f"Threads exported: {done.exported_thread_count}",
        f"Threads skipped: {done.skipped_thread_count}",
    )
    if done.failed_thread_count:
        show(screen, f"Threads failed: {done.failed_thread_count}")
    if legacy:
        show(screen, f"Turns taken over: {inserted}")
    for problem in problems:
        show(screen, f"{line(problem)}")
    show_unreadable(project.unreadable)
    conclude(ok)


@ledger.command("validate")
@project_option
@thread_option(required=False)
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Only this ledger."
)
@json_option
def validate(project_path: Path, thread_id: str | None, file: Path | None, as_json: bool) -> None:
    """Check transcripts, ledgers and markers by their schemas; writes nothing.

    Status 1 says that there is an error; warnings cost nothing that was written.
    """
    project = Project(project_path)
    if file is not None:
        found = validation.validate_ledger(read_plain(file))
    else:
        found = validation.validate(project, None if thread_id is None else [thread_id])
    ok = not (any(one.severity == "error" for one in found) or project.unreadable)
    if as_json:
        told = {"ok": ok, "contract": validation.CONTRACT, "findings": found}
        print_json({**told, "unreadable": unreadable_json(project.unreadable)})
    else:
        grid = table("thread", "file", "place", "severity", "code", numbers=("place",), whole=("thread",))
        for one in found:
            grid.add_row(line(one.thread_id), one.file, str(one.place), one.severity, one.code)
        show(console(), *((grid,) if found else ()))
        show_unreadable(project.unreadable)
        show(console(), "valid" if ok else "not valid")
    conclude(ok)


@ledger.command("status")
@project_option
@metrics_option
@json_option
def status(project_path: Path, metrics: Path | None, as_json: bool) -> None:
    """Show how each thread's ledger stands to its transcript; status 1 says that one is stale. Writes nothing."""
    project = Project(project_path)
    found = validation.statuses(project)
    counts = Counter(one.code for one in found)
    write_metrics(metrics, "LedgerMetrics", states=counts, reads={})
    ok = not (set(counts) - {"current", "transcript_missing"} or project.unreadable)
    if as_json:
        print_json(
            {
                "ok": ok,
                "contract": validation.CONTRACT,
                "counts": dict(sorted(counts.items())),
                "threads": found,
                "unreadable": unreadable_json(project.unreadable),
            }
        )
    else:
        grid = table(
            "thread", "state", "turns", "entries", "advice", numbers=("turns", "entries"), whole=("thread",)
        )
        for one in found:
            grid.add_row(one.thread_id, one.code, str(one.turn_count), str(one.entry_count), one.advice)
        show(console(), grid)
        show_unreadable(project.unreadable)
    conclude(ok)


@ledger.command("parity")
@project_option
@thread_option(required=False)
@click.option(
    "--document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Compare with this document's event log instead of the ledgers.",
)
@json_option
def parity(project_path: Path, thread_id: str | None, document: Path | None, as_json: bool) -> None:
    """Compare what transcript and ledger tell of each thread; status 1 says that they differ. Writes nothing."""
    project = Project(project_path)
    if document is not None:
        logs = _logs(document)
        found = parities.with_log(
            project, {one: turns for one, turns in logs.items() if thread_id in (None, one)}
        )
    else:
        found = parities.with_ledgers(project, None if thread_id is None else [thread_id])
    ok = all(one.equal for one in found) and not project.unreadable
    if as_json:
        print_json({"ok": ok, "threads": found, "unreadable": unreadable_json(project.unreadable)})
    else:
        grid = table("thread", "beside", "turns", "result", numbers=("turns",), whole=("thread",))
        for one in found:
            told = f"{len(one.differences)} differences" if one.differences else one.code
            grid.add_row(
                one.thread_id, one.right, str(one.compared_turn_count), "equal" if one.equal else told
            )
        show(console(), grid)
        for one in found:
            for difference in one.differences:
                show(console(), f"{one.thread_id} turn {difference.turn_id}: {difference.field}")
        show_unreadable(project.unreadable)
    conclude(ok)


def _logs(document: Path) -> dict[str, list[TranscriptTurn]]:
    """What the event log tells of each thread of a document, by the id that its transcript would have."""
    with log_of(document) as view:
        threads = [one.thread_id for one in read_document(document).threads()]
        return {thread_uuid(one): turns_of(view.replay_thread(one)) for one in threads}


@ledger.command("bundle")
@project_option
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip to write."
)
@json_option
def make_bundle(project_path: Path, output: Path, as_json: bool) -> None:
    """Write a reliability bundle: status, markers, parity and versions, without content."""
    versions = {"chatdoc": version("chatdoc")}
    project = Project(project_path)
    data = bundle(project, now_iso=iso(system_clock()), versions=versions)
    write_atomically(output, data)
    if as_json:
        told = {"outputPath": spelled(output.absolute()), "bytes": len(data)}
        print_json({"ok": not project.unreadable, **told, "unreadable": unreadable_json(project.unreadable)})
    else:
        show(console(), f"Output: {line(spelled(output.absolute()))}", f"Bytes: {len(data)}")
        show_unreadable(project.unreadable)
    conclude(not project.unreadable)
