"""Export and idempotent backfill: ledger first, its marker after it, each whole; what is fresh is left alone."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path

import msgspec

from chatdoc.model.errors import ChatdocError, UnreadableFile
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.ledger import marker as markers
from chatdoc.store.ledger.marker import Marker
from chatdoc.store.ledger.project import Project, ThreadTurns
from chatdoc.store.ledger.standing import examine
from migrate.transcript import ledger as ledgers
from migrate.transcript.ledger import LIMIT_ALL
from migrate.transcript.turn import last_turns, whole_seconds

_LEFT = ("current", "ledger_newer")
"""States in which a ledger is left as it is."""
_UNREADABLE = ("transcript_unreadable", "ledger_unreadable", "marker_unreadable")
"""States in which nothing is written, not even by force: what is there is not known."""
CODES_NAMED = 5
"""So many kinds of damage are named of a transcript; `chatdoc ledger validate` has all, with their lines."""


class Exported(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ledger that was written."""

    output_path: str
    entry_count: int
    sha256: str


class BackfilledThread(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thread of a backfill: `exported`, `skipped` or `failed`; `reason` is how its ledger stood before.

    `problem` says what failed, or that the transcript is damaged and what could be read of it is in the ledger. Of a
    file that cannot be read the project's `unreadable` says it.
    """

    thread_id: str = msgspec.field(name="threadID")
    status: str
    reason: str
    ledger_path: str
    marker_path: str
    entry_count: int
    sha256: str
    problem: str = ""


class Backfilled(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a backfill did."""

    project_path: str
    marker_directory_path: str
    scanned_thread_count: int
    exported_thread_count: int
    skipped_thread_count: int
    failed_thread_count: int
    threads: list[BackfilledThread]


def export(
    project: Project, thread_id: str, *, limit: int = LIMIT_ALL, output: Path | None = None
) -> Exported:
    """Write the ledger of a thread's last turns; raises NotFound where it has no transcript."""
    return _export(project, thread_id, project.require_turns(thread_id), limit, output)


def backfill(project: Project, *, now_iso: str, limit: int = LIMIT_ALL, force: bool = False) -> Backfilled:
    """Make a ledger for each thread whose ledger is missing or stale, or for all by force.

    What cannot be read or written fails its own thread, and no other. A ledger that has turns which a damaged
    transcript does not tell any more is replaced by force alone.
    """
    # Transcripts decide what is scanned; threads that only the legacy archive has are theirs too.
    thread_ids = sorted({*project.thread_ids(), *(named for named, _ in project.days())})
    with project.listed_once():
        threads = [_backfill(project, one, now_iso, limit, force) for one in thread_ids]
    counts = Counter(one.status for one in threads)
    return Backfilled(
        project_path=project.path,
        marker_directory_path=str(project.markers),
        scanned_thread_count=len(threads),
        exported_thread_count=counts["exported"],
        skipped_thread_count=counts["skipped"],
        failed_thread_count=counts["failed"],
        threads=threads,
    )


def _backfill(project: Project, thread_id: str, now_iso: str, limit: int, force: bool) -> BackfilledThread:
    found = examine(project, thread_id, limit=limit)
    path, marker_path = project.ledger(thread_id), project.marker(thread_id)

    def told(status: str, reason: str, problem: str = "", done: Exported | None = None) -> BackfilledThread:
        held = found.ledger.entry_count if found.ledger is not None else 0
        return BackfilledThread(
            thread_id=thread_id,
            status=status,
            reason=reason,
            ledger_path=str(path),
            marker_path=str(marker_path),
            entry_count=held if done is None else done.entry_count,
            sha256=(found.digest or "") if done is None else done.sha256,
            problem=problem,
        )

    if found.code in _UNREADABLE:
        return told("failed", found.code)
    try:
        turns = project.require_turns(thread_id)
        damage = _told(project, thread_id, turns)
        if found.code in _LEFT and not force:
            return told("skipped", found.code, damage)
        if not force and (found.code == "transcript_damaged" or (damage and not turns.turns)):
            return told("failed", "transcript_damaged", damage)
        done = _export(project, thread_id, turns, limit, path)
        marker = Marker(thread_id, str(path), limit, done.entry_count, done.sha256, turns.digest)
        marker_path.parent.mkdir(parents=True, exist_ok=True)
        text = markers.render(marker, project_path=project.path, generated_at=whole_seconds(now_iso))
        write_atomically(marker_path, text)
    except UnreadableFile:
        return told("failed", found.code)
    except (ChatdocError, OSError) as error:
        return told("failed", found.code, str(error))
    return told("exported", found.code, damage, done)


def _told(project: Project, thread_id: str, turns: ThreadTurns) -> str:
    """That a transcript is damaged, and how; nothing of one that is whole."""
    codes = sorted({one.code for one in turns.damage})
    if not codes:
        return ""
    more = ", …" if len(codes) > CODES_NAMED else ""
    return f"{project.transcript(thread_id)} is damaged: {', '.join(codes[:CODES_NAMED])}{more}"


def _export(
    project: Project, thread_id: str, turns: ThreadTurns, limit: int, output: Path | None
) -> Exported:
    path = output or project.ledger(thread_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = ledgers.render(project.path, thread_id, last_turns(turns.turns, limit))
    write_atomically(path, data)
    return Exported(
        output_path=str(path.absolute()),
        entry_count=ledgers.read(data).entry_count,
        sha256=sha256(data).hexdigest(),
    )
