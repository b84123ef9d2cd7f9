"""Every store of this house, and a toy written from the port's docstrings, passes the acceptance suites."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chatdoc.store.memory.sqlite_store import memory_sqlite_store
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import DocumentStore, Registration
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.testing.acceptance import Acceptance, FolderFactory, StoreFactory, StoresSuite, full_disk
from tests.store import toy_store

NOW = 1_700_000_000_000
REGISTRATION = Registration(path="team.chat", document_id="01HF7YAT000000000000000000", created_at_ms=NOW)


def create_file(folder: Path) -> DocumentStore:
    """A store in a SQLite file."""
    stores = SqliteFolder(folder, durability="normal")
    return stores.create(
        folder / REGISTRATION.path, REGISTRATION, b"update genesis", origin="genesis", recorded_at_ms=NOW
    )


def open_file_again(folder: Path) -> DocumentStore:
    """A further handle on the only store of a folder."""
    stores = SqliteFolder(folder, durability="normal")
    (place,) = stores.places()
    return stores.open(place)


class TestSqliteFile(Acceptance):
    """The store of a document in a file, as everybody has it."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[StoreFactory]:
        """SQLite files in folders of their own."""
        with StoreFactory(tmp_path, create_file, again=open_file_again, failing_commit=full_disk) as stores:
            yield stores


class TestSqliteFolder(StoresSuite):
    """The stores of a folder, as everybody has them."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[FolderFactory]:
        """A folder without a chat yet."""
        with FolderFactory(tmp_path, partial(SqliteFolder, durability="normal")) as folder:
            yield folder


class TestSqliteInMemory(Acceptance):
    """The same tables without a file."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[StoreFactory]:
        """SQLite stores in memory, which have one handle each."""
        with StoreFactory(tmp_path, lambda folder: memory_sqlite_store(REGISTRATION)) as stores:
            yield stores


class TestMemory(Acceptance):
    """The store of a document in memory, which keeps no event log."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[StoreFactory]:
        """Stores in memory, which have one handle each."""
        with StoreFactory(tmp_path, lambda folder: MemoryStore(REGISTRATION)) as stores:
            yield stores


class TestToyStore(Acceptance):
    """A store of one file, written from the docstrings alone."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[StoreFactory]:
        """Toy stores in folders of their own."""
        with StoreFactory(
            tmp_path, toy_store.create, again=toy_store.open_again, failing_commit=full_disk
        ) as stores:
            yield stores
