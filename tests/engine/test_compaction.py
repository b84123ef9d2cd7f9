"""Compaction shrinks what the log takes and changes nothing that anybody reads, whenever it is killed."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from chatdoc import Document, open_document
from chatdoc.model.errors import StoreDamaged
from chatdoc.status import status
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql import event_rows, event_runs, update_runs
from chatdoc.store.sqlite.store import SqliteStore
from chatdoc.testing.white_box import execute_of
from chatdoc.verify import verify_store

WORDS = [f"word{number}" for number in range(500)]


def furnish(path: Path, count: int, seed: int = 1) -> str:
    """A document with messages of random words, the last of which were edited; returns the thread."""
    random = Random(seed)
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(count):
            text = " ".join(random.choices(WORDS, k=30))
            sent = document.send(thread_id, sender_id="bob", content=text, command_id=f"{seed}/{number}")
        document.edit(sent.message_id, author_id="bob", content="edited")
    return str(thread_id)


def told(document: Document) -> tuple[object, ...]:
    """All that is told of a document: its text, its log, its updates and its snapshot."""
    entries = list(document.engine.store.updates.entries())
    log = document.log
    events = [
        *log.events(),
        *(event for one in document.threads() for event in log.events(thread_id=one.thread_id)),
    ]
    return document.text(), events, entries, document.snapshot(), document.diff()


def test_nothing_that_is_read_changes_and_the_file_shrinks(tmp_path: Path) -> None:
    """In the process that compacts, in one that is open meanwhile, and in one that opens it later."""
    path = tmp_path / "plan.chat"
    furnish(path, 800)
    with open_document(path) as document, open_document(path) as other:
        assert document.store_path is not None
        before, size = told(document), document.store_path.stat().st_size
        said = document.compact(dry_run=True)
        assert told(document) == before
        done = document.compact()
        assert done == said
        assert done.bytes_after < done.bytes_before / 2
        assert document.store_path.stat().st_size < size - (done.bytes_before - done.bytes_after) / 2
        assert told(document) == told(other) == before
        assert document.compact().entries == 0
        sent = other.send(document.threads()[0].thread_id, sender_id="eve", content="later")
        assert document.message(sent.message_id).content == "later"
        before = told(document)
    assert verify_store(path) == []
    with open_document(path) as document:
        assert told(document) == before


def test_a_command_that_is_repeated_after_it_has_its_first_answer(tmp_path: Path) -> None:
    """Its receipt names a record that the log has, in a run now."""
    path = tmp_path / "plan.chat"
    with open_document(path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello", command_id="thread")
        first = document.send(thread.thread_id, sender_id="bob", content="One", command_id="send")
        document.edit(first.message_id, author_id="bob", content="Two", command_id="edit")
        document.delete_message(first.message_id, deleted_by="ada")
        document.compact()
    with open_document(path) as document:
        again = document.send(thread.thread_id, sender_id="bob", content="One", command_id="send")
        assert again == first
        assert document.create_thread(sender_id="ada", content="Hello", command_id="thread") == thread
        edited = document.edit(first.message_id, author_id="bob", content="Two", command_id="edit")
        assert (edited.content, edited.deleted_at) == ("Two", None)


def test_growing_logs_are_sealed_in_runs_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small last run goes on growing, a large one is left as it is, and every entry is in one place."""
    monkeypatch.setattr(update_runs, "RUN_BYTES", 40_000)
    monkeypatch.setattr(update_runs, "_MERGED_BYTES", 10_000)
    path = tmp_path / "plan.chat"
    for seed in range(6):
        furnish(path, 60, seed)
        with open_document(path) as document:
            before = told(document)
            document.compact()
            assert told(document) == before
            rows = execute_of(document)(
                "SELECT first, last, entry_bytes FROM update_runs ORDER BY first"
            ).fetchall()
            assert [first for first, _, _ in rows] == [1, *(last + 1 for _, last, _ in rows[:-1])]
            assert all(size <= 40_000 + 2_000 for _, _, size in rows)
    assert len(rows) > 3


def test_a_damaged_entry_is_not_sealed_and_a_damaged_run_is_noticed(tmp_path: Path) -> None:
    """Opening names the first entry that cannot be read, and checking names the run."""
    path = tmp_path / "plan.chat"
    furnish(path, 100)
    with open_document(path) as document:
        document.compact()
        execute = execute_of(document)
        execute("UPDATE update_runs SET bytes = substr(bytes, 1, length(bytes) - 9) || zeroblob(9)")
        with pytest.raises(StoreDamaged, match=r"entry 1 of document .* lies in a run"):
            list(document.engine.store.updates.entries())
    assert {one.code for one in verify_store(path) or ()} == {"damaged_update"}


def test_events_in_runs_are_read_from_any_place_of_any_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Across the ends of runs, of streams that go on, that rest and that begin later; sealed again and again."""
    monkeypatch.setattr(event_runs, "RUN_BYTES", 9_000)
    monkeypatch.setattr(event_runs, "_MERGED_BYTES", 4_000)
    path, random = tmp_path / "plan.chat", Random(4)
    with open_document(path) as document:
        threads = []
        for _ in range(5):
            threads.append(document.create_thread(sender_id="ada", content="Hello").thread_id)
            for number in range(40):
                document.send(random.choice(threads), sender_id="bob", content=f"{number} " * 9)
            before = told(document)
            document.compact()
            assert told(document) == before
            rows = execute_of(document)("SELECT first, last FROM event_runs ORDER BY first").fetchall()
            assert [first for first, _ in rows] == [1, *(last + 1 for _, last in rows[:-1])]
        assert len(rows) >= 10
        last = document.log.last_sequence()
        streams = [None, *threads]
        whole = {one: list(document.log.events(thread_id=one)) for one in streams}
        log = document.engine.store.events
        assert log is not None
        for thread_id in streams:
            for after in range(last + 1):
                beyond = [one for one in whole[thread_id] if one.sequence > after]
                page = log.read_of("thread", thread_id, after, 3) if thread_id else log.read(after, 3)
                assert page == beyond[:3]
        assert document.log.last_sequence() == last
        stored = execute_of(document)("SELECT count(*) FROM orchestration_events").fetchone()[0]
        assert stored == len(threads) + 1
    assert verify_store(path) == []


@pytest.mark.parametrize("moment", range(3))
def test_events_that_another_process_seals_while_they_are_read_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Between the look for a run and the look into the table they go from the one to the other."""
    path = tmp_path / "plan.chat"
    thread_id = furnish(path, 50)
    with open_document(path) as document, open_document(path) as other:
        # Who is read from cannot give its space back yet, and need not wait ten seconds for that.
        execute_of(other)("PRAGMA busy_timeout = 50")
        log = document.engine.store.events
        assert log is not None
        for read in (lambda: log.read(10, 30), lambda: log.read_of("thread", thread_id, 10, 30)):
            document.send(thread_id, sender_id="bob", content="one more")
            before, looks = read(), iter(range(99))
            sealed: list[int] = []
            real = event_rows.next_run

            def overtaken(execute: Execute, sequence: int) -> event_runs.Run | None:
                found = real(execute, sequence)  # noqa: B023
                if next(looks) == moment and not sealed:  # noqa: B023
                    sealed.append(other.compact().events)  # noqa: B023
                return found

            with monkeypatch.context() as patched:
                patched.setattr(event_rows, "next_run", overtaken)
                assert read() == before
                assert moment or sealed
            other.compact()
            assert read() == before


def test_a_log_is_folded_away_with_its_runs_and_sealed_after_that(tmp_path: Path) -> None:
    """What the compaction of the log counts and keeps is the same as without runs."""
    sealed, plain = tmp_path / "sealed" / "plan.chat", tmp_path / "plain" / "plan.chat"
    counts = []
    for path in (sealed, plain):
        path.parent.mkdir()
        thread_id = furnish(path, 100)
        with open_document(path) as document:
            if path == sealed:
                document.compact()
            said, done = document.log.compact(), document.log.compact(dry_run=False)
            counts.append((said.events_before, said.events_after, done.events_before, done.events_after))
            for number in range(20):
                document.send(thread_id, sender_id="bob", content=f"{number}")
            before = list(document.log.events(from_sequence_exclusive=done.through_sequence))
            shown = document.snapshot()
            if path == sealed:
                assert document.compact().events == 20
            assert list(document.log.events(from_sequence_exclusive=done.through_sequence)) == before
            assert document.snapshot() == shown
            assert document.log.rebuild() is not None
            assert document.snapshot() == shown
        assert verify_store(path) == []
    assert counts[0] == counts[1]


def test_a_damaged_run_of_events_is_noticed_and_so_is_a_row_that_is_not_what_was_sealed(
    tmp_path: Path,
) -> None:
    """By reading the log and by checking; the document itself still opens."""
    path = tmp_path / "plan.chat"
    furnish(path, 100)
    with open_document(path) as document:
        document.compact()
        execute = execute_of(document)
        execute("UPDATE orchestration_events SET occurred_at = '2001-01-01T00:00:00.000Z' WHERE sequence > 9")
        assert {one.code for one in document.engine.store.verify()} == {"damaged_event"}
        execute("UPDATE event_runs SET bytes = substr(bytes, 1, length(bytes) - 9) || zeroblob(9)")
        with pytest.raises(StoreDamaged, match="sealed events of document"):
            list(document.log.events())
    assert {one.code for one in verify_store(path) or ()} == {"damaged_event"}
    with open_document(path) as document:
        assert len(document.threads()) == 1


def seal_and_end(path: Path, writes: int) -> None:
    """End this process before the given statement of a compaction."""
    document = open_document(path)
    store = document.engine.store
    assert isinstance(store, SqliteStore)
    left = iter(range(writes - 1, -1, -1))
    store.database.connection().set_trace_callback(lambda _: None if next(left, 0) else os._exit(9))
    document.compact()
    os._exit(0)


@pytest.mark.parametrize("writes", range(1, 24))
def test_a_kill_at_any_write_loses_nothing(tmp_path: Path, writes: int) -> None:
    """A process that ends while it seals leaves the log as it was, or sealed."""
    path = tmp_path / "plan.chat"
    furnish(path, 200)
    with open_document(path) as document:
        before = told(document)
    child = os.fork()
    if child == 0:
        seal_and_end(path, writes)
    _, status_ = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status_) in (0, 9)
    assert verify_store(path) == []
    with open_document(path) as document:
        assert told(document) == before
    assert [one.file for one in status(tmp_path)] == ["as published"]


def test_small_ends_of_a_log_are_sealed_into_one_run(tmp_path: Path) -> None:
    """However often a log is sealed, its runs are few."""
    path = tmp_path / "plan.chat"
    thread_id = furnish(path, 3)
    with open_document(path) as document:
        for number in range(6):
            document.send(thread_id, sender_id="bob", content=f"{number}")
            document.compact()
        assert execute_of(document)("SELECT count(*) FROM event_runs").fetchone()[0] == 1
        assert len(list(document.log.events())) == document.log.last_sequence()


def test_events_that_do_not_come_back_from_a_run_are_left_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a compressor of another mind has made of them replaces nothing."""
    path = tmp_path / "plan.chat"
    furnish(path, 30)
    with open_document(path) as document:
        before = told(document)
        real = event_runs.pack
        monkeypatch.setattr(event_runs, "pack", lambda data: real(data.replace(b"thread.", b"Thread.")))
        with pytest.raises(StoreDamaged, match="do not come back from a run"):
            document.compact()
        monkeypatch.undo()
        assert told(document) == before
        assert execute_of(document)("SELECT count(*) FROM event_runs").fetchone()[0] == 0
    assert verify_store(path) == []
