"""A log that begins with many events is sealed at once, and nobody who reads or writes it can tell."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.data import legacy
from chatdoc.document import Document
from chatdoc.model.errors import StoreDamaged
from chatdoc.model.events.event import Draft, Event
from chatdoc.open import open_document
from chatdoc.store.memory.sqlite_store import memory_sqlite_store
from chatdoc.store.ports import UnitOfWork
from chatdoc.store.sql import event_rows, event_runs, unit_of_work
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import NOW, project, registration, thread_drafts

COUNTS = (
    "SELECT (SELECT count(*) FROM orchestration_events),"
    " (SELECT coalesce(sum(last - first + 1), 0) FROM event_runs), (SELECT count(*) FROM event_runs)"
)
ROWS_ONLY = 1_000_000


def drafts(threads: int = 30) -> list[Draft]:
    """A project, threads, and messages in turn."""
    made = [thread_drafts(f"t{number}", 4) for number in range(threads)]
    return [project(), *(draft._replace(cause=-1) for turn in zip(*made, strict=True) for draft in turn)]


def counts(store: SqliteStore) -> tuple[int, int, int]:
    """How many events are rows, how many are sealed, and in how many runs."""
    (found,) = store.tables.rows(COUNTS, (), "be counted")
    return found


def told(store: SqliteStore) -> tuple[Any, ...]:
    """All that is told of the events, and of what is folded from them."""
    streams = [("project", "p"), *(("thread", f"t{number}") for number in range(30))]
    of_streams = [store.events.read_of(*stream, limit=1000) for stream in streams]
    log = store.events
    stands = (log.last_sequence(), log.began_at_ms(), log.project_id(), log.rows_after(0, 10_000))
    return log.read(0, 10_000), of_streams, stands, store.read_model.digests(), store.read_model.progress()


def begun(monkeypatch: pytest.MonkeyPatch, sealed_min: int, then: list[Draft]) -> SqliteStore:
    """A store whose log began with all drafts, and went on with these in a second unit."""
    monkeypatch.setattr(unit_of_work, "SEALED_MIN", sealed_min)
    monkeypatch.setattr(event_runs, "RUN_BYTES", 4096)
    store = memory_sqlite_store(registration())
    store.write(lambda unit: unit.begin_events(drafts(), at_ms=NOW))
    if then:
        store.write(lambda unit: unit.append_events(then, at_ms=NOW + 1, command_id="c", origin="local"))
    return store


@pytest.mark.parametrize(
    "then", [[], thread_drafts("t3", 2), thread_drafts("new", 2)], ids=["", "old", "new"]
)
def test_sealed_log_is_the_one_that_was_begun_with_rows(
    then: list[Draft], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events, sequences, versions, ids, digests and folded rows are equal, also once both go on; all is verified."""
    with begun(monkeypatch, 1, then) as sealed, begun(monkeypatch, ROWS_ONLY, then) as plain:
        assert counts(plain)[1:] == (0, 0)
        assert counts(sealed)[0] < counts(plain)[0] / 3
        assert counts(sealed)[2] > 2
        assert told(sealed) == told(plain)
        assert sealed.verify() == plain.verify() == []


def test_later_sealing_and_rebuilding_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came later is sealed behind what the log began with, and all is folded from both again."""
    with begun(monkeypatch, 1, thread_drafts("t3", 9)) as store:
        before = told(store)
        assert store.seal_logs().events >= 9
        assert told(store) == before
        assert set(store.read_model.rebuild().tables.values()) == {"equal"}
        assert told(store) == before
        assert store.verify() == []


def test_runs_that_do_not_name_a_stream_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its five events lie in five of the runs at most, and none behind its newest one is looked at."""
    with begun(monkeypatch, 1, []) as store:
        decoded: list[event_runs.Run] = []
        looked: list[event_runs.Run] = []

        def seen(run: event_runs.Run) -> list[event_runs.Row]:
            decoded.append(run)
            return event_runs.rows_of(run)

        def asked(run: event_runs.Run, text: str) -> bool:
            looked.append(run)
            return event_runs.may_hold(run, text)

        monkeypatch.setattr(event_rows, "rows_of", seen)
        monkeypatch.setattr(event_rows, "may_hold", asked)
        found = store.events.read_of("thread", "t13", limit=1000)
        assert [event.stream_version for event in found] == list(range(5))
        assert len(decoded) <= 5 < counts(store)[2]
        assert all(run.first <= found[-1].sequence for run in looked)


def test_log_that_has_events_goes_on_with_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run holds every event between its ends, so what began before is left to the next sealing."""
    monkeypatch.setattr(unit_of_work, "SEALED_MIN", 1)
    with memory_sqlite_store(registration()) as store:
        some = drafts()
        store.write(lambda unit: unit.append_events(some[:5], at_ms=NOW, command_id=None, origin="store"))
        store.write(lambda unit: unit.begin_events(some[5:], at_ms=NOW))
        assert counts(store) == (len(some), 0, 0)
        with begun(monkeypatch, 1, []) as sealed:
            assert store.events.read(0, 10_000) == sealed.events.read(0, 10_000)


def test_what_is_refused_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit that is undone after its log has begun has not begun it, and the next one begins it the same."""
    monkeypatch.setattr(unit_of_work, "SEALED_MIN", 1)

    def refused(unit: UnitOfWork, error: BaseException) -> None:
        unit.begin_events(drafts(), at_ms=NOW)
        raise error

    with memory_sqlite_store(registration()) as store:
        for error in (RuntimeError("no"), KeyboardInterrupt()):
            with pytest.raises(type(error)):
                store.write(partial(refused, error=error))
            assert counts(store) == (0, 0, 0)
        assert (store.events.began_at_ms(), store.events.last_sequence()) == (None, 0)
        store.write(lambda unit: unit.begin_events(drafts(), at_ms=NOW))
        with begun(monkeypatch, 1, []) as other:
            assert told(store) == told(other)


def test_run_that_does_not_come_back_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compression that loses something is noticed before any event counts as stored."""
    with monkeypatch.context() as broken, memory_sqlite_store(registration()) as store:
        broken.setattr(unit_of_work, "SEALED_MIN", 1)
        broken.setattr(event_runs, "pack", lambda data: data.replace(b"t1", b"t2"))
        with pytest.raises(StoreDamaged, match="do not come back"):
            store.write(lambda unit: unit.begin_events(drafts(), at_ms=NOW))
        assert counts(store) == (0, 0, 0)
        assert store.events.began_at_ms() is None


def test_migrated_document_has_its_log_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration of many rows tells what one with few in hand tells, and its events are in runs from the start."""
    found = []
    for name, sealed_min in (("sealed", 1), ("plain", ROWS_ONLY)):
        monkeypatch.setattr(unit_of_work, "SEALED_MIN", sealed_min)
        path = tmp_path / name / "team.chat"
        path.parent.mkdir()
        path.write_bytes(legacy(300))
        with open_document(path, clock=lambda: NOW, random=Random(1).randbytes) as document:
            found.append((events_of(document), document.text(), document.snapshot().threads))
            is_sealed = counts_of(document)[1] > 0
            assert is_sealed == (name == "sealed")
    assert found[0] == found[1]


def events_of(document: Document) -> list[Event]:
    """The whole log, without the project, which knows its folder."""
    return list(document.log.events())[1:]


def counts_of(document: Document) -> tuple[int, int, int]:
    """As `counts`."""
    store = document.engine.store
    assert isinstance(store, SqliteStore)
    return counts(store)


def test_a_newest_row_that_is_gone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its event is sealed and can be read, but the versions of its stream would begin anew."""
    with begun(monkeypatch, 1, []) as store:
        (at,) = store.tables.rows(NEWEST, (), "be looked at")[0]
        store.tables.change(
            lambda run, _: run("DELETE FROM orchestration_events WHERE sequence = ?", (at,)), "lose a row"
        )
        assert [(one.code, one.where) for one in store.verify()] == [("missing_event", f"event {at}")]
        with pytest.raises(StoreDamaged, match=f"ends with event {at}"):
            store.events.read_of("thread", "t13", limit=1000)


def test_a_run_in_the_place_of_another_hides_no_end_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names other streams, so it is not decoded for one that has its last events there."""
    with begun(monkeypatch, 1, []) as store:
        runs = store.tables.rows(
            "SELECT first, last, bytes FROM event_runs ORDER BY first", (), "be looked at"
        )
        whole = {one: store.events.read_of("thread", one, limit=1000) for one in STREAMS}
        for first, last, _ in runs:
            ended = [one for one in STREAMS if first <= whole[one][-1].sequence <= last]
            for _, _, others in runs:
                put(store, first, others)
                for one in ended:
                    try:
                        assert store.events.read_of("thread", one, limit=1000) == whole[one]
                    except StoreDamaged:
                        continue
            put(store, first, next(packed for begin, _, packed in runs if begin == first))
        assert store.verify() == []


def put(store: SqliteStore, first: int, packed: bytes) -> None:
    """Change the bytes of a run."""
    store.tables.change(
        lambda run, _: run("UPDATE event_runs SET bytes = ? WHERE first = ?", (packed, first)), "change a run"
    )


NEWEST = "SELECT max(sequence) FROM orchestration_events WHERE stream_id = 't13'"
STREAMS = [f"t{number}" for number in range(30)]
