"""Whatever is written, deleted, broken, repaired and whichever phase holds: what is shown is what was acknowledged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import CommandRefused, StoreDamaged, StoreError
from chatdoc.store.dual.backfill import backfill
from chatdoc.store.dual.change_phase import change_phase
from chatdoc.store.dual.control import Control
from chatdoc.store.dual.drop import drop
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import PHASES, Phase
from chatdoc.store.dual.sqlite_file import SqliteFile
from chatdoc.store.dual.verify import verify
from tests.examples import examples
from tests.store.dual.consensus import ask, opened, upstream, upstream_writes
from tests.store.dual.memory_side import NOTE, MemorySide

NOW = "2026-11-28T12:00:00.000Z"


def store_of(path: Path) -> tuple[DualStore, MemorySide, MemorySide]:
    """A store over two sides in memory, whose state is in a file."""
    file = SqliteFile(path, create=True)
    file.ask("PRAGMA synchronous = OFF")  # No power fails here, and a hundred histories are soon told.
    control = Control(file, "note", otherwise="dual_write")
    control.prepare()
    old, new = MemorySide("old"), MemorySide("new")
    return DualStore(NOTE, old, new, control, now_iso=lambda: NOW), old, new


def note(text: str, at_ms: int = 0) -> dict[str, Any]:
    """A record."""
    return {"place": "here", "text": text, "at_ms": at_ms}


def shown(store: DualStore) -> dict[str, str]:
    """What the store shows, by identity."""
    found = {one.identity: str(one.record["text"]) for one in store.find({})}
    assert {identity: (store.get(identity) or {}).get("text") for identity in found} == found
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("phase"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["break old", "break new", "mend", "repair", "backfill"]), st.just(0)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=examples(100))
@given(STEPS)
@example([("delete", 2), ("phase", 3), ("put", 2)])  # A tombstone of a side that is not written any more.
@example([("phase", 0), ("break new", 0), ("put", 0)])  # A broken side that is not written.
@example(
    [("delete", 0), ("break new", 0), ("put", 0), ("break old", 0), ("put", 0)]
)  # A note that was older.
def test_what_is_shown_is_what_was_acknowledged(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """A write that raises is not there, one that returned is, in every phase and after every change of phase."""
    store, old, new = store_of(tmp_path_factory.mktemp("dual") / "control.db")
    acknowledged: dict[str, str] = {}
    for number, (step, value) in enumerate(steps):
        identity = f"n{value}"
        try:
            match step:
                case "put":
                    store.put(identity, note(f"text {number}", number))
                    acknowledged[identity] = f"text {number}"
                case "delete":
                    store.delete(identity)
                    acknowledged.pop(identity, None)
                case "phase":
                    change_phase(store, PHASES[value])
                case "break old" | "break new":
                    (old if step == "break old" else new).broken = True
                case "mend":
                    old.broken = new.broken = False
                case "repair":
                    store.repair()
                case "backfill":
                    backfill(store, rows=2)
        except (StoreError, CommandRefused):
            pass
        if not (old.broken or new.broken):
            assert shown(store) == acknowledged, (step, number)
    old.broken = new.broken = False
    store.repair()
    if store.phase in ("old_only", "dual_write"):
        backfill(store, rows=2)
        assert verify(store).ok
    assert shown(store) == acknowledged


def test_a_write_whose_first_side_fails_is_no_write(tmp_path: Path) -> None:
    """It raises, nothing is shown, and nothing waits for a repair."""
    store, old, new = store_of(tmp_path / "control.db")
    old.broken = True
    with pytest.raises(StoreError, match="old side"):
        store.put("a", note("x"))
    old.broken = False
    assert (shown(store), store.control.pending(), new.count()) == ({}, [], 0)


def test_a_crash_between_the_two_sides_leaves_what_a_repair_finishes(tmp_path: Path) -> None:
    """What the second side lacks was noted before the first was written."""
    store, _, new = store_of(tmp_path / "control.db")

    class Killed(BaseException):
        """As if the process ended here."""

    def put(identity: str, record: dict[str, Any]) -> int:
        raise Killed

    new.put = put  # type: ignore[method-assign]
    with pytest.raises(Killed):
        store.put("a", note("x"))
    del new.put
    assert shown(store) == {"a": "x"}
    assert store.repair() == 0
    assert verify(store).equal == 1


def test_a_rollback_brings_back_what_only_new_was_told(tmp_path: Path) -> None:
    """Rows, newer values and deletions of the time after the cutover; nothing is lost by going back."""
    store, old, _ = store_of(tmp_path / "control.db")
    for identity in ("kept", "changed", "deleted"):
        store.put(identity, note(identity))
    change_phase(store, "new_only")
    store.put("changed", note("anew"))
    store.put("added", note("added"))
    store.delete("deleted")
    before = shown(store)
    assert change_phase(store, "old_only") == 3
    assert shown(store) == before == {"kept": "kept", "changed": "anew", "added": "added"}
    assert old.count() == 3


def test_a_phase_is_what_is_stored_whoever_stored_it(tmp_path: Path) -> None:
    """Another process changes it at run time; a word that is none is damage and says so."""
    path = tmp_path / "control.db"
    store, _, _ = store_of(path)
    other = Control(SqliteFile(path), "note", otherwise="old_only")
    other.set_phase("old_only", NOW)
    assert store.phase == "old_only"
    ask(path, "UPDATE dual_phases SET phase = 'lunch'")
    with pytest.raises(StoreDamaged, match="old_only"):
        _ = store.phase
    with pytest.raises(CommandRefused, match="expected one of"):
        change_phase(store_of(tmp_path / "other.db")[0], "lunch")  # type: ignore[arg-type]


def test_counters_tell_paths_fallbacks_writes_mismatches_and_time(tmp_path: Path) -> None:
    """They are stored when they are flushed, and add up over processes."""
    path = tmp_path / "control.db"
    store, old, new = store_of(path)
    store._timer_us = iter(range(0, 1000, 7)).__next__
    store.put("a", note("x"))
    new.broken = True
    store.put("b", note("y"))
    store.find({})
    new.broken = False
    store.repair()
    new.rows[1]["text"] = "other"
    store.find({})
    old.rows.clear()
    old.ids.clear()
    change_phase(store, "dual_write")
    store.control.flush()
    assert Control(SqliteFile(path), "note", otherwise="old_only").counters() == store.control.counters()
    assert store.control.counters() == {
        "dual_write": {"new_failed": 1, "ok": 1, "repaired": 1},
        "fallback": {"new_failed": 1},
        "latency_us": {"merged": 7, "old": 7},
        "mismatch": {"text": 1},
        "reads": {"merged": 1, "old": 1},
    }


def test_a_write_that_waits_fails_the_verification_alone(tmp_path: Path) -> None:
    """Both sides are equal, but new lacks the last write: until it is repaired new could not stand alone."""
    store, _, new = store_of(tmp_path / "control.db")
    store.put("a", note("x"))
    new.broken = True
    store.put("a", note("x"))
    new.broken = False
    found = verify(store)
    assert (found.equal, found.missing_in_new, found.differing, found.fields) == (1, 0, 0, {})
    assert (found.pending, found.ok) == (1, False)
    store.repair()
    found = verify(store)
    assert (found.pending, found.ok) == (0, True)


def test_a_backfill_goes_on_behind_the_ranges_that_are_done(tmp_path: Path) -> None:
    """A finished range that changed since is copied again, others are left; force copies all."""
    store, old, _ = store_of(tmp_path / "control.db")
    change_phase(store, "old_only")
    for number in range(25):
        store.put(f"n{number:02}", note(f"{number}"))
    first = backfill(store, rows=10)
    assert (first.ranges, first.copied) == (3, 25)
    assert (backfill(store, rows=10).ranges, backfill(store, rows=10).skipped_ranges) == (0, 3)
    store.put("n12", note("anew"))
    again = backfill(store, rows=10)
    assert (again.ranges, again.skipped_ranges, again.updated) == (1, 2, 1)
    assert backfill(store, rows=10, force=True).ranges == 3
    assert verify(store).equal == old.count() == 25


def test_the_old_side_is_dropped_by_proof_alone(tmp_path: Path) -> None:
    """And once it is gone, reads and writes go on with new alone."""
    store, old, _ = store_of(tmp_path / "control.db")
    store.put("a", note("x"))
    change_phase(store, "new_only")
    store.sides["old"].put("b", note("only old"))
    with pytest.raises(CommandRefused, match="1 old identities"):
        drop([store])
    assert old.count() == 2
    backfill(store)
    drop([store])
    store.put("c", note("z"))
    assert (shown(store), old.count()) == ({"a": "x", "b": "only old", "c": "z"}, 0)


@pytest.mark.parametrize("phase", ["dual_write", "read_new", "new_only"])
def test_rows_of_two_programs_pair_by_content_and_time(tmp_path: Path, phase: Phase) -> None:
    """The same words said twice are two things; each has its old and its new row, and old-only ones stay alone."""
    path = tmp_path / "consensus.db"
    upstream(path)
    upstream_writes(path, "claude", "", 10, new=False)
    upstream_writes(path, "claude", "", 500)
    upstream_writes(path, "claude", "", 900)
    upstream_writes(path, "claude", "late in new", 1300, old=False)
    with opened(path) as store:
        assert verify(store.artifacts).missing_in_new == 1
        backfill(store.artifacts)
        store.change_phase(phase)
        found = store.artifacts.find({})
        assert [(one.old is not None, one.new is not None, one.record["run_id"]) for one in found] == [
            (True, True, "run-1"),
            (True, True, "run-1"),
            (True, True, "run-1"),
            (False, True, None),
        ]
        assert len({one.identity for one in found}) == 4
