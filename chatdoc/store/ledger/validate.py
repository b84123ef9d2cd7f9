"""Schema validation of a project's transcripts, ledgers and markers; findings have codes and lines, never content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger import marker as markers
from chatdoc.store.ledger.project import NOTES, Project
from chatdoc.store.ledger.standing import examine
from migrate.transcript import ledger as ledgers
from migrate.transcript import legacy, read
from migrate.transcript.turn import Problem

CONTRACT = {"transcript": 2, "ledger": ledgers.SCHEMA_VERSION, "marker": ledgers.SCHEMA_VERSION}
"""The newest version of each file that is written; older ones are read."""


FileKind = Literal["transcript", "day", "ledger", "marker"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that is not as the contract says; `place` is a line of a transcript or an entry of a ledger."""

    thread_id: str = msgspec.field(name="threadID")
    file: FileKind
    severity: Literal["error", "warning"]
    code: str
    place: int


class ThreadStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one thread stands, and what to do about it."""

    thread_id: str = msgspec.field(name="threadID")
    code: str
    turn_count: int
    entry_count: int
    problem_count: int
    advice: str


_MEND = "Mend that file, or move it away, then run `chatdoc ledger backfill`"
_BACKFILL = "Run `chatdoc ledger backfill`"
_EMPTY = "Mend the transcript, of which nothing can be read: `chatdoc ledger validate` has the lines"
_ADVICE = {
    "current": "",
    "transcript_unreadable": _MEND,
    "ledger_unreadable": _MEND,
    "marker_unreadable": _MEND,
    "transcript_damaged": "Keep the ledger: `chatdoc replay` reads it; mend the transcript",
    "transcript_missing": "Keep the ledger: `chatdoc replay` reads it",
    "ledger_newer": "Use a newer version of chatdoc, or `chatdoc ledger backfill --force`",
    "ledger_other_thread": "Move that file away, then run `chatdoc ledger backfill`",
}


def validate(project: Project, thread_ids: list[str] | None = None) -> list[Finding]:
    """What is wrong with the files of some threads, or of all."""
    with project.listed_once():
        return [
            one for thread_id in thread_ids or everyone(project) for one in _of_thread(project, thread_id)
        ]


def validate_ledger(data: bytes) -> list[Finding]:
    """What is wrong with a ledger that lies anywhere."""
    found = ledgers.read(data)
    return [_finding(found.thread_id or "", "ledger", one) for one in found.problems]


def statuses(project: Project) -> list[ThreadStatus]:
    """How every thread stands that has a transcript, a ledger or a marker."""
    with project.listed_once():
        return [_status(project, thread_id) for thread_id in everyone(project)]


def _status(project: Project, thread_id: str) -> ThreadStatus:
    standing = examine(project, thread_id)
    turns = project.turns(thread_id) if standing.code != "transcript_unreadable" else None
    tells_nothing = turns is not None and bool(turns.damage) and not turns.turns
    return ThreadStatus(
        thread_id=thread_id,
        code=standing.code,
        turn_count=len(turns.turns) if turns is not None else 0,
        entry_count=standing.ledger.entry_count if standing.ledger is not None else 0,
        problem_count=len(turns.problems) if turns is not None else 0,
        advice=_EMPTY if tells_nothing and standing.ledger is None else _ADVICE.get(standing.code, _BACKFILL),
    )


def everyone(project: Project) -> list[str]:
    """The ids of all threads that any file of the project is about."""
    days = {thread_id for thread_id, _ in project.days()}
    return sorted({*project.thread_ids(), *project.ledger_ids(), *project.marker_ids(), *days})


def _of_thread(project: Project, thread_id: str) -> Iterator[Finding]:
    yield from _of_file(project, thread_id, "transcript", project.transcript(thread_id), _of_transcript)
    for _, day in project.days(thread_id):
        yield from _of_file(project, thread_id, "day", day, lambda data: legacy.read_day(data, thread_id)[1])
    yield from _of_file(
        project, thread_id, "ledger", project.ledger(thread_id), lambda data: _of_ledger(data, thread_id)
    )
    yield from _of_file(project, thread_id, "marker", project.marker(thread_id), _of_marker)


def _of_file(
    project: Project, thread_id: str, kind: FileKind, path: Path, check: Callable[[bytes], list[Problem]]
) -> Iterator[Finding]:
    try:
        data = project.read(path)
    except UnreadableFile:
        yield _finding(thread_id, kind, Problem(code="unreadable", line=0, decision=""))
        return
    if data is not None:
        yield from (_finding(thread_id, kind, one) for one in check(data))


def _of_transcript(data: bytes) -> list[Problem]:
    return read.read(data).problems


def _of_ledger(data: bytes, thread_id: str) -> list[Problem]:
    ledger = ledgers.read(data)
    other = ledger.thread_id not in (None, thread_id)
    return [
        *ledger.problems,
        *([Problem(code="ledger_other_thread", line=0, decision="")] if other else []),
    ]


def _of_marker(data: bytes) -> list[Problem]:
    return [Problem(code="marker_invalid", line=0, decision="")] if markers.read(data) is None else []


def _finding(thread_id: str, file: FileKind, problem: Problem) -> Finding:
    return Finding(
        thread_id=thread_id,
        file=file,
        severity="warning" if problem.code in NOTES else "error",
        code=problem.code,
        place=problem.line,
    )
