"""The consensus store answers alike in every phase: readers, cutover, units and migrations of spec-kit's own tests."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from chatdoc.model.errors import CommandRefused, NotFound, StoreError, StoreTooNew, UnreadableFile
from chatdoc.store.dual.consensus import schema
from chatdoc.store.dual.consensus.store import ConsensusStore
from chatdoc.store.dual.phases import Phase
from chatdoc.store.dual.sqlite_file import SqliteFile
from chatdoc.store.dual.verify import verify
from tests.store.dual.consensus import (
    AUDIT,
    PLAN,
    SPEC,
    TASKS,
    ask,
    contents,
    count,
    opened,
    upstream,
    upstream_writes,
)

READ: tuple[Phase, ...] = ("old_only", "dual_write", "read_new", "new_only")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "consensus.db"


# the reader, in every phase


@pytest.mark.parametrize("phase", READ)
def test_what_is_absent_is_empty(path: Path, phase: Phase) -> None:
    """No artifact is an empty list, no synthesis is None."""
    with opened(path, phase) as store:
        assert store.query_artifacts(SPEC, PLAN) == []
        assert store.query_latest_synthesis(SPEC, PLAN) is None


@pytest.mark.parametrize("phase", READ)
def test_one_artifact_and_one_synthesis_are_found_each_of_five_times(path: Path, phase: Phase) -> None:
    """With every field that was stored."""
    with opened(path, phase) as store:
        store.store_artifact(SPEC, PLAN, "claude", "{}", response_text="raw", run_id="run-1")
        store.store_synthesis(
            SPEC, PLAN, "# Plan", status="ok", output_path="plan.md", artifacts_count=3, agreements='["a"]',
            conflicts="[]", degraded=True, run_id="run-1",
        )  # fmt: skip
        for _ in range(5):
            [artifact] = store.query_artifacts(SPEC, PLAN)
            said = [
                artifact[name] for name in ("agent_name", "content", "response_text", "run_id", "created_at")
            ]
            assert said == ["claude", "{}", "raw", "run-1", artifact["created_at"]]
            assert artifact["created_at"].startswith("2025-11-10 03:")
            synthesis = store.query_latest_synthesis(SPEC, PLAN)
            assert synthesis is not None
            del synthesis["identity"], synthesis["created_at"]
            assert synthesis == {
                "spec_id": SPEC, "stage": PLAN, "output_markdown": "# Plan", "output_path": "plan.md", "status": "ok",
                "artifacts_count": 3, "agreements": '["a"]', "conflicts": "[]", "degraded": True, "run_id": "run-1",
            }  # fmt: skip


@pytest.mark.parametrize("phase", READ)
def test_five_agents_come_back_in_order(path: Path, phase: Phase) -> None:
    """Also those of one second."""
    with opened(path, phase) as store:
        for agent in ("gemini", "claude", "gpt_pro", "gpt_codex", "code"):
            store.store_artifact(SPEC, PLAN, agent, "{}")
        names = [one["agent_name"] for one in store.query_artifacts(SPEC, PLAN)]
        assert names == ["gemini", "claude", "gpt_pro", "gpt_codex", "code"]


def test_a_gradual_cutover_shows_what_every_phase_wrote(path: Path) -> None:
    """Through all phases and back to the first, each answer has all that was stored until then."""
    stored: list[str] = []
    with opened(path, "old_only") as store:
        for phase in (*READ, *reversed(READ)):
            store.change_phase(phase)
            stored.append(f"in {phase} {len(stored)}")
            store.store_artifact(SPEC, PLAN, "claude", stored[-1])
            assert contents(store) == stored, phase
        assert store.phase == "old_only"
    assert count(path, "consensus_artifacts") == len(stored)


@pytest.mark.parametrize("phase", READ)
def test_twenty_under_load_and_three_stages_that_do_not_leak(path: Path, phase: Phase) -> None:
    """Each stage has its own."""
    with opened(path, phase) as store:
        for number in range(20):
            for stage in (PLAN, TASKS, AUDIT):
                store.store_artifact(SPEC, stage, "claude", f"{stage} {number}")
        for stage in (PLAN, TASKS, AUDIT):
            assert contents(store, stage) == [f"{stage} {number}" for number in range(20)]
            store.store_synthesis(SPEC, stage, stage, status="ok")
        found = [store.query_latest_synthesis(SPEC, stage) for stage in (PLAN, TASKS, AUDIT)]
        assert [one["output_markdown"] for one in found if one] == [PLAN, TASKS, AUDIT]
        assert (store.stats().artifacts, store.stats().syntheses, store.stats().specs) == (60, 3, 1)


# after the cutover


def test_artifact_and_synthesis_go_to_the_new_schema_only(path: Path) -> None:
    """The id that is returned is the output's, and nothing is in the old tables."""
    with opened(path, "new_only") as store:
        assert (
            store.store_artifact(SPEC, PLAN, "claude", "{}")
            == ask(path, "SELECT id FROM agent_outputs")[0][0]
        )
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok")
    assert (count(path, "consensus_artifacts"), count(path, "consensus_synthesis")) == (0, 0)
    assert (count(path, "agent_outputs"), count(path, "consensus_runs")) == (1, 2)


def test_old_rows_are_still_read_and_none_is_lost(path: Path) -> None:
    """Artifacts and syntheses that only the old tables have, beside new ones of the same stage."""
    with opened(path, "old_only") as store:
        store.store_artifact(SPEC, PLAN, "claude", "old", response_text="raw")
        store.store_synthesis(SPEC, TASKS, "# Old", status="ok")
        store.change_phase("new_only")
        store.store_artifact(SPEC, PLAN, "gemini", "new")
        assert contents(store) == ["old", "new"]
        synthesis = store.query_latest_synthesis(SPEC, TASKS)
        assert synthesis is not None
        assert synthesis["output_markdown"] == "# Old"
        assert store.artifacts.control.counters()["fallback"]["missing_in_new"] == 1


def test_five_artifacts_are_five_runs_and_five_outputs(path: Path) -> None:
    """Also where all are of one moment, which a run's unique time would refuse."""
    with opened(path, "new_only") as store:
        store._clock = lambda: 1_762_744_939_000
        for agent in "abcde":
            store.store_artifact(SPEC, PLAN, agent, "{}")
        assert [one["agent_name"] for one in store.query_artifacts(SPEC, PLAN)] == list("abcde")
    assert (count(path, "consensus_runs"), count(path, "agent_outputs")) == (5, 5)


# dual writes


def test_a_hundred_dual_writes_are_equal_on_both_sides(path: Path) -> None:
    """Compared by value, not by ids that are greater than zero."""
    with opened(path, "dual_write") as store:
        ids = [store.store_artifact(SPEC, PLAN, "claude", f"{number}", run_id="r") for number in range(100)]
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok")
        assert ids == [row[0] for row in ask(path, "SELECT id FROM consensus_artifacts ORDER BY id")]
        found = verify(store.artifacts)
        assert (found.ok, found.equal, found.old_rows, found.new_rows) == (True, 100, 100, 100)
        assert verify(store.syntheses).equal == 1
        assert store.artifacts.control.counters()["dual_write"] == {"ok": 100}


def test_a_broken_new_side_fails_no_write_and_is_repaired(path: Path) -> None:
    """The old row is returned and shown; once new works again, it has all that it missed."""
    with opened(path, "dual_write") as store:
        ask(
            path,
            "CREATE TRIGGER broken BEFORE INSERT ON agent_outputs BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        assert store.store_artifact(SPEC, PLAN, "claude", "kept", run_id="r") == 1
        assert contents(store) == ["kept"]
        assert (count(path, "consensus_runs"), len(store.artifacts.control.pending())) == (0, 1)
        with pytest.raises(CommandRefused, match="1 wait for a repair"):
            store.change_phase("read_new")
        assert verify(store.artifacts).ok is False
        ask(path, "DROP TRIGGER broken")
        assert store.artifacts.repair() == 0
        assert verify(store.artifacts).ok
        assert store.artifacts.control.counters()["dual_write"] == {"new_failed": 1, "repaired": 1}


def test_a_new_side_that_cannot_be_read_is_no_failure_of_a_read(path: Path) -> None:
    """As long as the old one has everything; and the fallback is counted."""
    with opened(path, "dual_write") as store:
        store.store_artifact(SPEC, PLAN, "claude", "kept")
        ask(path, "ALTER TABLE agent_outputs RENAME COLUMN content TO lost")
        assert contents(store) == ["kept"]
        assert store.artifacts.control.counters()["fallback"]["new_failed"] == 1


# migrations


def test_migrating_twice_changes_nothing(path: Path) -> None:
    """The new tables come once, with their four indexes, in the exact schema."""
    opened(path).close()
    before = ask(path, "SELECT sql FROM sqlite_master ORDER BY name")
    opened(path).close()
    assert ask(path, "SELECT sql FROM sqlite_master ORDER BY name") == before
    assert ask(path, "PRAGMA user_version") == [(1,)]
    indexes = {
        name for (name,) in ask(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
    }
    assert indexes >= {
        "idx_consensus_spec_stage", "idx_consensus_timestamp", "idx_agent_outputs_run", "idx_agent_outputs_agent",
    }  # fmt: skip


def test_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    """By writers and readers; its bytes are as they were."""
    opened(path).close()
    ask(path, "PRAGMA user_version = 3")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="version 3"):
        opened(path)
    with pytest.raises(StoreTooNew, match="version 3"):
        ConsensusStore.look(path, clock=lambda: 0)
    assert path.read_bytes() == before


def test_outputs_go_with_their_run(path: Path) -> None:
    """Foreign keys are on, and a run that another program removed is a deletion of its artifact."""
    with opened(path, "dual_write") as store:
        store.store_artifact(SPEC, PLAN, "claude", "gone")
        store.file.ask("DELETE FROM consensus_runs")
        assert count(path, "agent_outputs") == 0
        assert contents(store) == []


def test_a_failing_migration_leaves_the_version_as_it_was(path: Path) -> None:
    """Its statements are one transaction."""
    ask(path, "CREATE TABLE idx_agent_outputs_agent (a)")
    with pytest.raises(StoreError, match="idx_agent_outputs_agent"):
        schema.migrate(SqliteFile(path))
    assert ask(path, "SELECT name FROM sqlite_master") == [("idx_agent_outputs_agent",)]
    assert ask(path, "PRAGMA user_version") == [(0,)]


def test_looking_at_a_file_with_a_write_ahead_log_leaves_nothing_beside_it(path: Path) -> None:
    """As upstream's program keeps it; a log that is there is read."""
    upstream(path)
    upstream_writes(path, "claude", "kept", 5)
    ask(path, "PRAGMA journal_mode = WAL")
    with ConsensusStore.look(path, clock=lambda: 0) as store:
        assert contents(store) == ["kept"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    writer = sqlite3.connect(path)
    writer.execute("UPDATE consensus_artifacts SET content_json = 'newer'")
    writer.commit()
    with ConsensusStore.look(path, clock=lambda: 0) as store:
        assert contents(store) == ["newer"]
    writer.close()


def test_a_database_of_something_else_gets_no_tables(path: Path) -> None:
    """Neither one with other tables nor an empty file; both are named and left as they are."""
    ask(path, "CREATE TABLE notes (a)")
    path.with_name("empty.db").touch()
    for file in (path, path.with_name("empty.db")):
        before = file.read_bytes()
        with pytest.raises(UnreadableFile, match=file.name):
            ConsensusStore.open(file, clock=lambda: 0, random=bytes)
        with pytest.raises(UnreadableFile, match=file.name):
            ConsensusStore.look(file, clock=lambda: 0)
        assert file.read_bytes() == before


# misuse


def test_a_stage_that_is_none_and_a_file_that_is_not_there(path: Path) -> None:
    """Both are named, and no file is made by looking."""
    with opened(path) as store, pytest.raises(CommandRefused, match="spec-plan"):
        store.store_artifact(SPEC, "spec-lunch", "claude", "{}")
    with pytest.raises(NotFound):
        ConsensusStore.look(path.with_name("nowhere.db"), clock=lambda: 0)
    assert not path.with_name("nowhere.db").exists()


def test_json_of_a_synthesis_is_as_upstream_reads_it(path: Path) -> None:
    """The keys of its object are those that upstream writes."""
    with opened(path, "new_only") as store:
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok")
    text = ask(path, "SELECT synthesis_json FROM consensus_runs")[0][0]
    assert set(json.loads(text)) == {
        "output_markdown", "output_path", "status", "artifacts_count", "agreements", "conflicts",
    }  # fmt: skip
