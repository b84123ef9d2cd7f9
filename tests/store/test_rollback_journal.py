"""A store with a rollback journal, as on disks that other machines may use, keeps every promise of one with another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.testing.acceptance import Acceptance, FolderFactory, StoreFactory, StoresSuite
from tests.store.test_acceptance import create_file, full_disk, open_file_again

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
