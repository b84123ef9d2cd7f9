"""Ledger-first read of a thread: the ledger where it is valid and fresh, else the transcript, and always why."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.standing import Standing, examine
from migrate.transcript.summary import differences
from migrate.transcript.turn import TranscriptTurn, last_turns

DIAGNOSTICS = {
    "ledger_current": "the ledger is valid and as new as the transcript",
    "ledger_unmarked": "the ledger has no fitting marker, but tells what the transcript tells",
    "transcript_absent": "only the ledger is there",
    "transcript_unreadable": "the transcript cannot be read; the ledger was read",
    "transcript_damaged": "the transcript is damaged and tells less than the ledger, which was read",
    "ledger_absent": "there is no ledger; the transcript was read",
    "ledger_invalid": "the ledger is not valid; the transcript was read",
    "ledger_stale": "the ledger tells something else than the transcript, which was read",
    "ledger_partial": "the ledger holds fewer turns than were asked for; the transcript was read",
}
"""Each code and what it says."""

_UNREADABLE = ("ledger_unreadable", "ledger_invalid", "ledger_newer", "ledger_other_thread")


class Reading(NamedTuple):
    """Turns, where they were read, and why there."""

    turns: list[TranscriptTurn]
    source: str
    diagnostic: str


class LedgerReader:
    """Reads threads of a project and counts by which way; `counters` has a number for each diagnostic."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.counters: Counter[str] = Counter()

    def read(self, thread_id: str, *, limit: int | None = None) -> Reading:
        """The last `limit` turns of a thread; raises NotFound where neither file is there, and UnreadableFile."""
        reading = self._read(thread_id, limit)
        self.counters[reading.diagnostic] += 1
        return reading._replace(turns=last_turns(reading.turns, limit))

    def _read(self, thread_id: str, limit: int | None) -> Reading:
        standing = examine(self.project, thread_id)
        ledger = standing.ledger.turns if standing.ledger is not None else None
        if standing.code == "current" and ledger is not None and _reaches(standing, limit):
            return Reading(ledger, "ledger", "ledger_current")
        if standing.code in _UNREADABLE or ledger is None:
            turns = self.project.require_turns(thread_id).turns
            code = "ledger_invalid" if standing.code in _UNREADABLE else "ledger_absent"
            return Reading(turns, "transcript", code)
        if standing.code == "transcript_unreadable":
            return Reading(ledger, "ledger", "transcript_unreadable")
        found = self.project.turns(thread_id)
        if found is None:
            return Reading(ledger, "ledger", "transcript_absent")
        if standing.code == "transcript_damaged" and _holds_all(ledger, found.turns):
            return Reading(ledger, "ledger", "transcript_damaged")
        if differences(ledger, last_turns(found.turns, len(ledger))):
            return Reading(found.turns, "transcript", "ledger_stale")
        if len(ledger) < min(len(found.turns), limit or len(found.turns)):
            return Reading(found.turns, "transcript", "ledger_partial")
        return Reading(
            ledger, "ledger", "ledger_current" if standing.code == "current" else "ledger_unmarked"
        )


def _holds_all(ledger: list[TranscriptTurn], told: list[TranscriptTurn]) -> bool:
    return {turn.turn_id for turn in told} <= {turn.turn_id for turn in ledger}


def _reaches(standing: Standing, limit: int | None) -> bool:
    """Whether a ledger that was made with a limit certainly holds all turns that are asked for."""
    ledger, marker = standing.ledger, standing.marker
    if ledger is None or ledger.turns is None or marker is None:
        return False
    held = len(ledger.turns)
    return held < marker.turn_limit or (limit is not None and held >= limit)
