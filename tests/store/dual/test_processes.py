"""Processes that are killed while they move rows, and that write while another moves the phase, lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.store.dual.backfill import backfill
from chatdoc.store.dual.verify import verify
from tests.forked import Forked
from tests.store.dual.consensus import contents, opened, upstream, upstream_writes
from tests.strace import run

BACKFILL = """
import sys
from pathlib import Path
from chatdoc.store.dual.backfill import backfill
from tests.store.dual.consensus import opened
with opened(Path(sys.argv[1])) as store:
    for dual in store.duals:
        backfill(dual, rows=5)
"""


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7, 0.97])
def test_a_backfill_that_is_killed_anywhere_goes_on_where_it_was(tmp_path: Path, part: float) -> None:
    """SIGKILL at a write of the file: no row twice, none missing, and finished ranges are not copied again."""
    plain, path = tmp_path / "plain.db", tmp_path / "consensus.db"
    for file in (plain, path):
        upstream(file, new=False)
        for number in range(40):
            upstream_writes(file, "claude", f"{number}", number, new=False)
    paths = [(file, file.with_name(f"{file.name}-journal")) for file in (plain, path)]
    calls = len(run(BACKFILL, plain, trace="pwrite64", paths=paths[0], folder=tmp_path).calls)
    assert calls > 50, "the child writes too little to be killed in between"
    inject = f"signal=KILL:when={max(1, int(calls * part))}"
    ended = run(BACKFILL, path, trace="pwrite64", paths=paths[1], folder=tmp_path, inject=inject)
    assert ended.status != 0
    with opened(path) as store:
        done = len(store.artifacts.control.ranges())
        found = backfill(store.artifacts, rows=5)
        assert (found.skipped_ranges, found.ranges) == (done, 8 - done)
        proof = verify(store.artifacts)
        assert (proof.ok, proof.equal, proof.new_rows) == (True, 40, 40)
        assert contents(store) == [f"{number}" for number in range(40)]


WRITER = """
import sys
from pathlib import Path
from tests.store.dual.consensus import PLAN, SPEC, opened
with opened(Path(sys.argv[1]), seed=int(sys.argv[2])) as store:
    print("ready", flush=True)
    for number in range(25):
        store.store_artifact(SPEC, PLAN, sys.argv[2], f"{sys.argv[2]} {number}", write_id=f"{sys.argv[2]}-{number}")
        if number % 5 == 4:
            assert len(store.query_artifacts(SPEC, PLAN)) > number
"""


def test_processes_write_while_another_changes_the_phase(tmp_path: Path) -> None:
    """Up to the drop of the old tables under them: every acknowledged write is there, once, in new."""
    path = tmp_path / "consensus.db"
    opened(path).close()
    with (
        Forked(path, 1, source=WRITER, talks=True) as one,
        Forked(path, 2, source=WRITER, talks=True) as two,
        opened(path, seed=3) as store,
    ):
        for writer in (one, two):
            assert writer.stdout.readline() == "ready\n"
        for phase in ("read_new", "dual_write", "new_only"):
            for dual in store.duals:
                backfill(dual)
            store.change_phase(phase)  # type: ignore[arg-type]
        for dual in store.duals:
            backfill(dual)
        store.drop()
        assert (one.wait(), two.wait()) == (0, 0)
        assert sorted(contents(store)) == sorted(
            f"{seed} {number}" for seed in (1, 2) for number in range(25)
        )
