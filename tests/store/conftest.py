"""A store in a fresh folder: that of the document `team.chat`, whose first entry is its genesis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import create


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of chat files."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def stores(folder: Path) -> SqliteFolder:
    """The stores of that folder."""
    return SqliteFolder(folder, durability="normal")


@pytest.fixture
def store(stores: SqliteFolder) -> Iterator[SqliteStore]:
    """The store of `team.chat`."""
    with create(stores) as opened:
        yield opened
