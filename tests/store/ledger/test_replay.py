"""A thread is read from its ledger where that is valid and fresh, else from its transcript, and the code says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import NotFound
from chatdoc.store.ledger.backfill import backfill, export
from chatdoc.store.ledger.parity import with_ledger
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.replay import DIAGNOSTICS, LedgerReader
from migrate.transcript.summary import differences
from migrate.transcript.turn import TranscriptTurn, last_turns
from tests.migrate.transcript.turns import THREAD, TURNS, turn, turn_id
from tests.store.ledger.projects import NOW, OTHER, project_of
from tests.store.ledger.test_backfill import spoil


def read(project: Project, limit: int | None = None) -> tuple[str, str, int]:
    """From where, why, and how many turns."""
    reading = LedgerReader(project).read(THREAD, limit=limit)
    return reading.source, reading.diagnostic, len(reading.turns)


def test_a_fresh_ledger_is_read(tmp_path: Path) -> None:
    """And the reader counts by which way it read."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    reader = LedgerReader(project)
    assert [one.turn_id for one in reader.read(THREAD, limit=2).turns] == [turn_id(2), turn_id(3)]
    reader.read(THREAD)
    assert dict(reader.counters) == {"ledger_current": 2}
    project.ledger(THREAD).unlink()
    reader.read(THREAD)
    assert dict(reader.counters) == {"ledger_current": 2, "ledger_absent": 1}


@pytest.mark.parametrize(
    ("state", "source", "diagnostic", "turns"),
    [
        ("ledger_deleted", "transcript", "ledger_absent", 3),
        ("marker_missing", "ledger", "ledger_unmarked", 3),
        ("marker_invalid", "ledger", "ledger_unmarked", 3),
        ("digest_differs", "transcript", "ledger_stale", 3),
        ("count_differs", "ledger", "ledger_unmarked", 3),
        ("ledger_invalid", "transcript", "ledger_invalid", 3),
        ("ledger_other_thread", "transcript", "ledger_invalid", 3),
        ("transcript_changed", "transcript", "ledger_stale", 4),
    ],
)
def test_each_state_is_read_from_where_it_can_be_trusted(
    tmp_path: Path, state: str, source: str, diagnostic: str, turns: int
) -> None:
    """A thread that grew after its backfill is never told from its old ledger."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    spoil(project, state)
    assert read(project) == (source, diagnostic, turns)
    assert diagnostic in DIAGNOSTICS


def test_a_ledger_with_a_limit_serves_those_who_ask_for_no_more(tmp_path: Path) -> None:
    """Whoever wants all turns is told from the transcript."""
    project = project_of(tmp_path, 20)
    backfill(project, now_iso=NOW, limit=5)
    assert read(project, 5) == ("ledger", "ledger_current", 5)
    assert read(project, 6) == ("transcript", "ledger_partial", 6)
    assert read(project) == ("transcript", "ledger_partial", 20)
    export(project, THREAD, limit=7)
    project.marker(THREAD).unlink()
    assert read(project, 6) == ("ledger", "ledger_unmarked", 6)


def test_a_ledger_alone_still_tells_of_its_thread(tmp_path: Path) -> None:
    """The transcript was deleted after the backfill."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    project.transcript(THREAD).unlink()
    assert read(project) == ("ledger", "transcript_absent", 3)
    project.ledger(THREAD).write_text("{")
    with pytest.raises(NotFound, match=THREAD):
        read(project)
    with pytest.raises(NotFound, match=OTHER):
        LedgerReader(project).read(OTHER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TURNS, st.integers(1, 6), st.none() | st.integers(1, 6))
def test_ledger_and_transcript_replay_the_same(
    tmp_path: Path, turns: list[TranscriptTurn], made_with: int, limit: int | None
) -> None:
    """Whatever the turns, and whatever the limits of the backfill and of the reader."""
    project = project_of(tmp_path, turns)
    backfill(project, now_iso=NOW, limit=made_with, force=True)
    assert with_ledger(project, THREAD).differences == []
    assert with_ledger(project, THREAD).left_out_turn_count == max(0, len(turns) - made_with)
    found = LedgerReader(project).read(THREAD, limit=limit).turns
    assert differences(found, last_turns(turns, limit)) == []
    project.ledger(THREAD).unlink()
    assert differences(LedgerReader(project).read(THREAD, limit=limit).turns, found) == []


def test_parity_names_the_turn_and_the_field(tmp_path: Path) -> None:
    """And nothing of what stands there."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    project_of(tmp_path, [turn(1), turn(2, status="failed"), turn(3)])
    found = with_ledger(project, THREAD)
    assert not found.equal
    assert [(one.turn_id, one.field) for one in found.differences] == [(turn_id(2), "status")]
    assert not with_ledger(project_of(tmp_path, 1, OTHER), OTHER).equal
