"""The nine losses of spec-kit's own move between schemas, each made to happen by its own program, and not here."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.model.errors import CommandRefused
from chatdoc.store.dual.backfill import backfill
from chatdoc.store.dual.verify import verify
from tests.store.dual.consensus import PLAN, SPEC, ask, contents, count, opened, upstream, upstream_writes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "consensus.db"


def test_1_one_new_row_hides_no_old_row(path: Path) -> None:
    """Old rows are not only read where new has none."""
    upstream(path)
    upstream_writes(path, "gemini", "old", 1, new=False)
    upstream_writes(path, "claude", "both", 200)
    for phase in ("dual_write", "old_only", "dual_write"):
        with opened(path, phase) as store:  # type: ignore[arg-type]
            assert contents(store) == ["old", "both"]


def test_2_milliseconds_are_not_shown_as_seconds(path: Path) -> None:
    """A row of milliseconds and one of seconds are of one year, and pair with their old rows."""
    upstream(path)
    upstream_writes(path, "claude", "ms", 5)
    with opened(path, "dual_write") as store:
        [shown] = store.query_artifacts(SPEC, PLAN)
        assert shown["created_at"] == "2025-11-10 03:00:05"
    ask(path, "UPDATE agent_outputs SET output_timestamp = output_timestamp / 1000")
    with opened(path) as store:
        assert store.artifacts.find({})[0].new.record["created_at"] == "2025-11-10 03:00:05"  # type: ignore[union-attr]


def test_3_response_text_and_run_id_survive_the_cutover(path: Path) -> None:
    """The new schema has no column for them; rows of either program keep them."""
    upstream(path)
    upstream_writes(path, "claude", "upstream", 5)
    with opened(path, "dual_write") as store:
        store.store_artifact(SPEC, PLAN, "gemini", "ours", response_text="raw ours", run_id="run-2")
        for dual in store.duals:
            backfill(dual)
        store.change_phase("new_only")
        store.drop()
        found = [
            (one["content"], one["response_text"], one["run_id"]) for one in store.query_artifacts(SPEC, PLAN)
        ]
        assert found == [("upstream", "raw upstream", "run-1"), ("ours", "raw ours", "run-2")]


def test_4_a_synthesis_is_one_shape_wherever_it_stands(path: Path) -> None:
    """Markdown is markdown after the cutover, and not JSON that holds it."""
    with opened(path, "old_only") as store:
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok", agreements="[1]")
        before = store.query_latest_synthesis(SPEC, PLAN)
        backfill(store.syntheses)
        store.change_phase("new_only")
        store.drop()
        after = store.query_latest_synthesis(SPEC, PLAN)
        assert before is not None
        assert after == before


def test_5_a_newer_run_without_synthesis_hides_none(path: Path) -> None:
    """An artifact that came later is a run as well."""
    with opened(path, "new_only") as store:
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok")
        store.store_artifact(SPEC, PLAN, "claude", "later")
        found = store.query_latest_synthesis(SPEC, PLAN)
        assert found is not None
        assert found["output_markdown"] == "# Plan"


def test_6_a_deletion_on_one_side_holds_on_both(path: Path) -> None:
    """Ours leaves tombstones; what upstream's program deletes from old alone does not come back from new."""
    with opened(path, "dual_write") as store:
        for content in ("ours", "theirs", "kept"):
            store.store_artifact(SPEC, PLAN, "claude", content)
        ask(path, "DELETE FROM consensus_artifacts WHERE content_json = 'theirs'")
        store.artifacts.delete(store.query_artifacts(SPEC, PLAN)[0]["identity"])
        assert contents(store) == ["kept"]
        found = verify(store.artifacts)
        assert (found.ok, found.deleted_on_one_side) == (False, 1)
        assert backfill(store.artifacts).deleted == 1
        assert (count(path, "agent_outputs"), count(path, "consensus_runs")) == (1, 1)
        store.change_phase("new_only")
        assert contents(store) == ["kept"]
        assert backfill(store.artifacts).copied == 0
        assert store.delete_artifacts(SPEC, PLAN) == 1
        store.change_phase("old_only")
        assert contents(store) == []


def test_7_values_are_compared_and_not_ids(path: Path) -> None:
    """Two sides that differ are told by field and counted in every read that meets them."""
    upstream(path)
    upstream_writes(path, "claude", "same", 5)
    with opened(path, "dual_write") as store:
        ask(path, "UPDATE agent_outputs SET content = 'other'")
        found = verify(store.artifacts)
        assert (found.ok, found.differing, found.fields) == (
            False,
            1,
            {"content": 1, "response_text": 1, "run_id": 1},
        )
        assert contents(store) == ["same"]
        assert store.artifacts.control.counters()["mismatch"]["content"] == 1
        with pytest.raises(CommandRefused, match="1 identities differ"):
            store.change_phase("read_new")
        backfill(store.artifacts)
        assert verify(store.artifacts).ok


def test_8_a_repeated_write_is_the_same_row_with_the_same_id(path: Path) -> None:
    """Whoever names its write may repeat it, in whichever phase, and with another value it is an update."""
    with opened(path, "dual_write") as store:
        first = store.store_artifact(SPEC, PLAN, "claude", "a", write_id="job-7")
        store.store_artifact(SPEC, PLAN, "gemini", "between")
        assert store.store_artifact(SPEC, PLAN, "claude", "a", write_id="job-7") == first
        assert store.store_artifact(SPEC, PLAN, "claude", "b", write_id="job-7") == first
        assert contents(store) == ["b", "between"]
        assert verify(store.artifacts).equal == 2
        store.change_phase("new_only")
        row = ask(path, "SELECT id FROM agent_outputs WHERE content = 'b'")[0][0]
        assert store.store_artifact(SPEC, PLAN, "claude", "c", write_id="job-7") == row
        assert contents(store) == ["c", "between"]


def test_9_nothing_is_dropped_that_does_not_stand_in_new(path: Path) -> None:
    """Not before the last phase, not with a missing, a differing or an unrepaired row; and then in one transaction."""
    with opened(path, "old_only") as store:
        store.store_artifact(SPEC, PLAN, "claude", "a")
        store.store_synthesis(SPEC, PLAN, "# Plan", status="ok")
        with pytest.raises(CommandRefused, match="old_only"):
            store.drop()
        store.change_phase("new_only")
        with pytest.raises(CommandRefused, match="1 old identities are not in new"):
            store.drop()
        backfill(store.artifacts)
        with pytest.raises(CommandRefused, match="consensus_synthesis: 1 old identities"):
            store.drop()
        assert count(path, "consensus_artifacts") == 1
        backfill(store.syntheses)
        upstream_writes(path, "gemini", "late", 9, new=False)
        with pytest.raises(CommandRefused, match="consensus_artifact: 1 old identities"):
            store.drop()
        backfill(store.artifacts)
        assert [one.equal for one in store.drop()] == [2, 1]
        assert contents(store) == ["late", "a"]
        with pytest.raises(CommandRefused, match="dropped"):
            store.change_phase("new_only")
    assert ask(path, "PRAGMA user_version") == [(2,)]
    assert not ask(
        path, "SELECT 1 FROM sqlite_master WHERE name IN ('consensus_artifacts', 'consensus_synthesis')"
    )
    with opened(path) as store:
        assert (store.phase, contents(store)) == ("dropped", ["late", "a"])
