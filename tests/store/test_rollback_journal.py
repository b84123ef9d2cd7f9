"""A store with a rollback journal, as on disks that other machines may use, keeps every promise of one with another."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.testing.acceptance import Acceptance, FolderFactory, StoreFactory, StoresSuite
from chatdoc.verify import verify_store
from tests.store.test_acceptance import create_file, full_disk, open_file_again
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


class TestRollbackJournal(Acceptance):
    """The store of a document in a file."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[StoreFactory]:
        """SQLite files in folders of their own."""
        with StoreFactory(tmp_path, create_file, again=open_file_again, failing_commit=full_disk) as stores:
            yield stores


class TestRollbackJournalFolder(StoresSuite):
    """The stores of a folder."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[FolderFactory]:
        """A folder without a chat yet."""
        with FolderFactory(tmp_path, partial(SqliteFolder, durability="normal")) as folder:
            yield folder


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
