"""A store in a fresh folder, with one document in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.store.sqlite.store import Store
from tests.store.documents import begin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a store."""
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """A store with the document `team.chat`, whose first entry is its genesis."""
    with Store.open(folder, durability="normal") as opened:
        begin(opened, "team.chat")
        yield opened
