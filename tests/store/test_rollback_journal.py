"""A store with a rollback journal, as on disks that other machines may use, keeps every promise of one with another."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.compact import compact
from chatdoc.model.errors import StoreError
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.opening import give_wal
from chatdoc.testing.acceptance.samples import run_update, written
from chatdoc.verify import verify_store
from tests.store.test_acceptance import TestSqliteFile, TestSqliteFolder, create_file
from tests.store_file import store_file

SHARED = (
    "chatdoc.store.sqlite.opening.may_be_shared",
    "chatdoc.store.sqlite.draft.may_be_shared",
)


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder counts as one that other machines may use."""
    for one in SHARED:
        monkeypatch.setattr(one, lambda path: True)


class TestRollbackJournal(TestSqliteFile):
    """The store of a document in a file."""


class TestRollbackJournalFolder(TestSqliteFolder):
    """The stores of a folder."""


del TestSqliteFile, TestSqliteFolder  # They are run where they are written, with the journal of a local disk.


KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM updates")
for number in range(3000):
    connection.execute("INSERT INTO consumer_cursors VALUES (?, 1)", (f"{number:0200d}",))
os.kill(os.getpid(), signal.SIGKILL)
"""
"""Writes more than it may keep in memory, so that half of it stands in the file when it ends."""


def test_half_a_commit_of_a_killed_process_is_undone(tmp_path: Path) -> None:
    """Whoever opens the document next finds what was acknowledged, and so does who only reads it."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        document.send(thread_id, sender_id="bob", content="Hi")
        text = document.text()

    def read() -> int:
        return len(read_document(path).messages(thread_id))

    def write() -> int:
        with open_document(path) as document:
            assert document.text() == text
            return len(document.messages(thread_id))

    for look in (read, write):
        ended = subprocess.run([sys.executable, "-c", KILLED, str(store_file(tmp_path))], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert store_file(tmp_path).with_name(f"{store_file(tmp_path).name}-journal").stat().st_size
        assert look() == 2
        assert verify_store(path) == []


def test_store_that_came_back_gets_a_write_ahead_journal_when_asked_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compacting alone leaves its journal; so does asking on a shared disk, and while somebody reads."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        document.create_thread(sender_id="ada", content="Hello")
    (refused,) = compact(tmp_path, one_machine=True)
    assert "other machines may use" in (refused.problem or "")
    for one in SHARED:
        monkeypatch.setattr(one, lambda path: False)
    assert [one.problem for one in compact(tmp_path)] == [None]
    assert journal_of(tmp_path) == "delete"
    monkeypatch.setattr("chatdoc.store.sqlite.opening.JOURNAL_WAIT_S", 0.0)
    with closing(sqlite3.connect(store_file(tmp_path), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM updates").fetchone()
        with pytest.raises(StoreError, match="is in use"):
            give_wal(store_file(tmp_path))
    assert [one.problem for one in compact(tmp_path, one_machine=True)] == [None]
    assert journal_of(tmp_path) == "wal"
    with open_document(path) as document:
        assert [one.content for one in document.messages(document.threads()[0].thread_id)] == ["Hello"]
    assert verify_store(path) == []


def journal_of(folder: Path) -> str:
    """The kind of journal of the only store of a folder."""
    with closing(sqlite3.connect(store_file(folder))) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_second_write_within_one_tick_of_the_disk_is_seen(tmp_path: Path) -> None:
    """A reader of a store at rest sees what is committed later, though the file is dated as before."""
    writer = create_file(tmp_path)
    second = time.time_ns() // 10**9 * 10**9
    os.utime(store_file(tmp_path), ns=(second, second))
    stores = SqliteFolder(tmp_path)
    with pytest.MonkeyPatch.context() as local:
        for one in SHARED:
            local.setattr(one, lambda path: False)
        reader = stores.look(store_file(tmp_path))
    with closing(writer), closing(reader):
        assert written(reader) == written(writer)
        run_update(writer, "later")
        os.utime(store_file(tmp_path), ns=(second, second))
        assert written(reader) == written(writer)
