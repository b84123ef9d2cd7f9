"""Replay parity: whether ledger, transcript and event log tell the same of a thread, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.standing import examine
from chatdoc.store.ledger.validate import everyone
from migrate.transcript.ledger import LIMIT_ALL
from migrate.transcript.summary import Difference, differences
from migrate.transcript.turn import TranscriptTurn, last_turns


class ThreadParity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Two tellings of one thread compared; `left` is always the transcript."""

    thread_id: str = msgspec.field(name="threadID")
    right: str
    equal: bool
    compared_turn_count: int
    left_out_turn_count: int
    """Turns of the transcript beyond the limit that the ledger was made with."""
    differences: list[Difference]
    code: str


def with_ledger(project: Project, thread_id: str) -> ThreadParity:
    """The transcript beside the ledger; of a ledger with a limit, the last turns are compared."""
    standing = examine(project, thread_id)
    found = project.turns(thread_id) if standing.code != "transcript_unreadable" else None
    turns = found.turns if found is not None else []
    held = standing.ledger.turns if standing.ledger is not None else None
    if held is None or found is None:
        return _parity(thread_id, "ledger", standing.code, turns, None)
    limit = standing.marker.turn_limit if standing.marker is not None else LIMIT_ALL
    expected = last_turns(turns, limit)
    if standing.marker is None and not differences(last_turns(turns, len(held)), held):
        expected = last_turns(turns, len(held))  # Exported by hand, with whatever limit.
    return _parity(thread_id, "ledger", standing.code, expected, held, len(turns) - len(expected))


def with_ledgers(project: Project, thread_ids: Iterable[str] | None = None) -> list[ThreadParity]:
    """The transcripts beside the ledgers of some threads, or of all."""
    with project.listed_once():
        return [with_ledger(project, one) for one in thread_ids or everyone(project)]


def with_log(project: Project, logs: Mapping[str, list[TranscriptTurn]]) -> list[ThreadParity]:
    """The transcripts beside the turns that an event log tells of the same threads, actions in order of their dates."""
    with project.listed_once():
        compared = [_with_log(project, thread_id, told) for thread_id, told in sorted(logs.items())]
    return [one for one in compared if one is not None]


def _with_log(project: Project, thread_id: str, told: list[TranscriptTurn]) -> ThreadParity | None:
    try:
        found = project.turns(thread_id)
    except UnreadableFile:
        return _parity(thread_id, "event_log", "transcript_unreadable", [], None)
    if found is None and not told:
        return None
    code = "compared" if found is not None else "transcript_missing"
    turns = found.turns if found is not None else []
    return _parity(thread_id, "event_log", code, turns, told, actions_by_date=True)


def _parity(
    thread_id: str,
    right: str,
    code: str,
    left_turns: list[TranscriptTurn],
    right_turns: list[TranscriptTurn] | None,
    left_out: int = 0,
    *,
    actions_by_date: bool = False,
) -> ThreadParity:
    found = (
        differences(left_turns, right_turns, actions_by_date=actions_by_date)
        if right_turns is not None
        else []
    )
    return ThreadParity(
        thread_id=thread_id,
        right=right,
        equal=right_turns is not None and not found,
        compared_turn_count=len(left_turns) if right_turns is not None else 0,
        left_out_turn_count=left_out,
        differences=found,
        code=code,
    )
