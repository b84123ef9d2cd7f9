"""Export and idempotent backfill: ledger first, its marker after it, each whole; what is fresh is left alone."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

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


class Exported(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ledger that was written."""

    output_path: str
    entry_count: int
    sha256: str


class BackfilledThread(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thread of a backfill; `reason` is how its ledger stood before."""

    thread_id: str = msgspec.field(name="threadID")
    status: str
    reason: str
    ledger_path: str
    marker_path: str
    entry_count: int
    sha256: str


class Backfilled(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a backfill did."""

    project_path: str
    marker_directory_path: str
    scanned_thread_count: int
    exported_thread_count: int
    skipped_thread_count: int
    threads: list[BackfilledThread]


def export(
    project: Project, thread_id: str, *, limit: int = LIMIT_ALL, output: Path | None = None
) -> Exported:
    """Write the ledger of a thread's last turns; raises NotFound where it has no transcript."""
    return _export(project, thread_id, project.require_turns(thread_id), limit, output)


def backfill(project: Project, *, now_iso: str, limit: int = LIMIT_ALL, force: bool = False) -> Backfilled:
    """Make a ledger for each thread whose ledger is missing or stale, or for all by force."""
    threads = []
    # Transcripts decide what is scanned; threads that only the legacy archive has are theirs too.
    for thread_id in sorted({*project.thread_ids(), *(named for named, _ in project.days())}):
        found = examine(project, thread_id, limit=limit)
        path, marker_path = project.ledger(thread_id), project.marker(thread_id)
        if found.code in _LEFT and not force and found.ledger is not None:
            status, entry_count, digest = "skipped", found.ledger.entry_count, found.digest or ""
        else:
            turns = project.require_turns(thread_id)
            done = _export(project, thread_id, turns, limit, path)
            status, entry_count, digest = "exported", done.entry_count, done.sha256
            marker = Marker(thread_id, str(path), limit, entry_count, digest, turns.digest)
            marker_path.parent.mkdir(parents=True, exist_ok=True)
            text = markers.render(marker, project_path=project.path, generated_at=whole_seconds(now_iso))
            write_atomically(marker_path, text)
        one = BackfilledThread(
            thread_id=thread_id,
            status=status,
            reason=found.code,
            ledger_path=str(path),
            marker_path=str(marker_path),
            entry_count=entry_count,
            sha256=digest,
        )
        threads.append(one)
    exported = sum(one.status == "exported" for one in threads)
    return Backfilled(
        project_path=project.path,
        marker_directory_path=str(project.markers),
        scanned_thread_count=len(threads),
        exported_thread_count=exported,
        skipped_thread_count=len(threads) - exported,
        threads=threads,
    )


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
