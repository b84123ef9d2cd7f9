"""Compaction shrinks what the log takes and changes nothing that anybody reads, whenever it is killed."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from chatdoc import Document, open_document
from chatdoc.model.errors import StoreDamaged
from chatdoc.status import status
from chatdoc.store.sql import update_runs
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
    return document.text(), list(document.replay()), entries, document.snapshot(), document.diff()


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


def seal_and_end(path: Path, writes: int) -> None:
    """End this process before the given statement of a compaction."""
    document = open_document(path)
    store = document.engine.store
    assert isinstance(store, SqliteStore)
    left = iter(range(writes - 1, -1, -1))
    store.database.connection().set_trace_callback(lambda _: None if next(left, 0) else os._exit(9))
    document.compact()
    os._exit(0)


@pytest.mark.parametrize("writes", range(1, 12))
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
