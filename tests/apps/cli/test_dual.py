"""`chatdoc dual` takes a database through its phases, proves what it says, and writes nothing when it only looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chatdoc.store.dual.consensus.store import ConsensusStore
from tests.apps.cli.conftest import Run
from tests.store.dual.consensus import upstream, upstream_writes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of upstream in the middle of its move."""
    path = tmp_path / "consensus.db"
    upstream(path)
    upstream_writes(path, "claude", "old", 5, new=False)
    upstream_writes(path, "gemini", "both", 500)
    return path


def test_a_database_goes_through_all_phases(chatdoc: Run, path: Path) -> None:
    """Looking changes no byte; backfill makes verify pass; the drop is refused until it is safe."""
    before = path.read_bytes()
    told = json.loads(chatdoc("dual", "status", path, "--json").stdout)
    assert (told["phase"], told["entities"][0]["old_rows"], told["entities"][0]["new_rows"]) == (
        "dual_write",
        2,
        1,
    )
    done = chatdoc("dual", "verify", path, "--json")
    found = json.loads(done.stdout)["entities"]["consensus_artifact"]
    assert (done.returncode, found["missing_in_new"], found["differing"]) == (1, 1, 1)
    assert chatdoc("dual", "drop", path).returncode == 1
    assert path.read_bytes() == before
    assert chatdoc("dual", "phase", path, "read_new").returncode == 1
    assert chatdoc("dual", "backfill", path).returncode == 0
    assert "consensus_artifact    2" in chatdoc("dual", "verify", path).stdout
    assert chatdoc("dual", "phase", path, "read_new").stdout == "dual_write -> read_new\n"
    assert chatdoc("dual", "phase", path, "dual_write").stdout == "read_new -> dual_write\n"
    assert chatdoc("dual", "phase", path, "new_only").returncode == 0
    assert chatdoc("dual", "drop", path, "--apply").stdout.endswith("The old tables: dropped\n")
    assert "phase dropped" in chatdoc("dual", "status", path).stdout
    done = chatdoc("dual", "phase", path, "old_only")
    assert (done.returncode, done.stderr.startswith("error: phase dropped cannot become old_only")) == (
        1,
        True,
    )


@pytest.mark.parametrize(
    "arguments", [["phase", "consensus.db", "lunch"], ["verify", "nowhere.db"], ["grow", "consensus.db"]]
)
def test_misuse_ends_with_status_2(chatdoc: Run, path: Path, arguments: list[str]) -> None:
    """An unknown phase, a file that is not there, an unknown command."""
    assert chatdoc("dual", *arguments).returncode == 2


def test_status_writes_its_counters_for_prometheus(chatdoc: Run, path: Path) -> None:
    """What an earlier process counted, with the phase, rows and what waits, and no value of any row."""
    assert chatdoc("dual", "backfill", path).returncode == 0
    with ConsensusStore.open(path, clock=lambda: 0, random=bytes) as store:
        store.query_artifacts("SPEC-1", "spec-plan")
    done = chatdoc("dual", "status", path, "--metrics", "dual.prom", "--json")
    told = json.loads(done.stdout)["entities"][0]
    text = path.with_name("dual.prom").read_text(encoding="utf-8")
    found = {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    entity = ("entity", "consensus_artifact")
    assert found["chatdoc_dual_phase", entity, ("phase", "dual_write")] == 1
    assert found["chatdoc_dual_rows", entity, ("side", "old")] == told["old_rows"] == 2
    assert found["chatdoc_dual_pending", entity] == 0
    for name, label in (("reads", "path"), ("dual_write", "result")):
        for value, count in told["counters"].get(name, {}).items():
            assert found[f"chatdoc_dual_{name}_total", entity, (label, value)] == count
    assert sum(told["counters"]["reads"].values()) >= 1
    assert {one[0] for one in found} <= {
        "chatdoc_dual_phase",
        "chatdoc_dual_rows",
        "chatdoc_dual_pending",
        *(
            f"chatdoc_dual_{one}_total"
            for one in ("reads", "fallback", "dual_write", "mismatch", "read_seconds")
        ),
    }


def test_a_file_that_is_no_database_is_named(chatdoc: Run, path: Path) -> None:
    """With status 1, and left as it is."""
    path.write_text("no database" * 100)
    done = chatdoc("dual", "status", path)
    assert (done.returncode, "consensus.db" in done.stderr) == (1, True)
    assert path.read_text() == "no database" * 100


def test_runs_are_imported_from_the_command_line(chatdoc: Run, path: Path) -> None:
    """Looking at the database only; a second time nothing is added."""
    before = path.read_bytes()
    done = chatdoc("dual", "import", path, "--into", "runs.chat", "--json")
    assert [(one["run_id"], one["rows"], one["added"]) for one in json.loads(done.stdout)["runs"]] == [
        ("run-1", 2, 3)
    ]
    done = chatdoc("dual", "import", path, "--into", "runs.chat", "--json")
    assert [one["added"] for one in json.loads(done.stdout)["runs"]] == [0]
    assert path.read_bytes() == before
