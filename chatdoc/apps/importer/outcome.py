"""What an import tells of each session and of all: counts that add up to the lines, with stable keys."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.account import Lines, Note, spelled
from migrate.session.item import Link, Tokens
from migrate.session.weave import LogWeaver

RESULTS = ("imported", "grown", "changed", "unchanged", "empty", "failed", "no log", "switched off")


class SessionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One session of one log file; tokens are None where its log counts none."""

    source: str
    session_id: str
    thread_id: str | None = None
    path: str
    lines: Lines = {}
    prompts: int = 0
    answers: int = 0
    tool_calls: int = 0
    tokens: Tokens | None = None
    unknown_kinds: dict[str, int] = {}
    document: str = ""
    link: Link | None = None
    notes: list[Note] = []
    result: str = "imported"
    error: str = ""


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to; not ok when a file failed."""

    ok: bool
    sessions: list[SessionOutcome]
    counts: dict[str, int]
    missing: list[str] = []
    """Logs that were imported once and are gone now; what was imported of them stays."""
    redacted: dict[str, int] = {}


def outcomes_of(weaver: LogWeaver, *, path: str, document: str, result: str) -> list[SessionOutcome]:
    """What each session of a log came to; what concerns the whole file stands with its first session."""
    told: list[SessionOutcome] = []
    for tally in weaver.tallies():
        first = not told
        told.append(
            SessionOutcome(
                source=weaver.progress.source,
                session_id=tally.session,
                thread_id=tally.state.thread_id,
                path=path,
                lines=spelled(tally.lines),
                prompts=tally.state.prompts,
                answers=tally.state.answers,
                tool_calls=tally.state.calls,
                tokens=tally.tokens,
                unknown_kinds=dict(weaver.progress.unknown_kinds) if first else {},
                document=document,
                link=tally.link,
                notes=list(weaver.progress.notes) if first else [],
                result=result,
            )
        )
    return told


def stored(outcomes: list[SessionOutcome]) -> str:
    """Outcomes as text for the index."""
    return msgspec.json.encode(outcomes).decode()


def restored(text: str, *, path: str, document: str, result: str) -> list[SessionOutcome]:
    """Outcomes from the index, under another result and with where their log and document are now."""
    found = msgspec.json.decode(text, type=list[SessionOutcome])
    return [msgspec.structs.replace(one, path=path, document=document, result=result) for one in found]


def for_json(report: ImportReport) -> dict[str, Any]:
    """The report as printed: the issue's keys first."""
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told
