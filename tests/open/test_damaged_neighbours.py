"""One store of a folder that cannot be read keeps nobody from the others, and is named wherever it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import Workspace, open_document
from chatdoc.forget import forget
from chatdoc.model.errors import NoEventLog, StoreTooNew
from chatdoc.recover import recover
from chatdoc.status import status
from chatdoc.testing.white_box import execute_of
from tests.open.chats import folded, furnish, legacy, texts


def furnish_one_damaged(folder: Path) -> tuple[Path, Path]:
    """Documents `bad` and `good`, each migrated with a backup; returns the store of `bad` and that of `good`."""
    stores = []
    for name in ("bad", "good"):
        path = folder / f"{name}.chat"
        path.write_bytes(legacy("ada", name))
        with open_document(path) as document:
            assert document.store_path is not None
            stores.append(document.store_path)
    stores[0].write_bytes(b"no database " * 1000)
    return stores[0], stores[1]


def test_status_names_it_and_shows_the_others(tmp_path: Path) -> None:
    """Nothing but its name and the reason is known of it."""
    bad, _ = furnish_one_damaged(tmp_path)
    lost, good = status(tmp_path)
    assert (lost.path, lost.file, lost.store) == (None, "unreadable", f".chatdoc/{bad.name}")
    assert lost.problem is not None
    assert bad.name in lost.problem
    assert (good.path, good.file) == ("good.chat", "as published")


def test_a_workspace_shows_the_others_and_names_it(tmp_path: Path) -> None:
    """Also one that breaks while the workspace is open; a folder with nothing else is not called empty."""
    bad, good = furnish_one_damaged(tmp_path)
    with Workspace(tmp_path) as workspace:
        found = workspace.snapshot()
        assert [one.path for one in found.documents] == ["good.chat"]
        (lost,) = found.unreadable
        assert (lost.store, lost.error) == (f".chatdoc/{bad.name}", "StoreDamaged")
        assert {one.place.path for one in workspace.events()} == {"good.chat"}
        good.unlink()
        assert workspace.snapshot().documents == ()
        assert [one.store for one in workspace.unreadable()] == [f".chatdoc/{bad.name}"]
    with Workspace(tmp_path) as workspace:
        assert len(workspace.unreadable()) == 1
    bad.unlink()
    with pytest.raises(NoEventLog, match="no document below"):
        Workspace(tmp_path)


def test_a_store_whose_rows_are_damaged_is_named_too(tmp_path: Path) -> None:
    """It can be opened, and what is folded from its events cannot be read."""
    for name in ("bad", "good"):
        furnish(tmp_path / f"{name}.chat", name)
    with open_document(tmp_path / "bad.chat") as document:
        execute_of(document)("UPDATE projection_projects SET scripts_json = 'no JSON'")
        assert document.store_path is not None
        store = f".chatdoc/{document.store_path.name}"
    with Workspace(tmp_path) as workspace:
        found = workspace.snapshot()
    assert [one.path for one in found.documents] == ["good.chat"]
    assert [(one.store, one.error) for one in found.unreadable] == [(store, "StoreDamaged")]


def test_a_store_that_cannot_be_looked_at_now_is_not_forgotten(tmp_path: Path) -> None:
    """Only damage lets a store go unseen: one of a newer program is left, and the reason is said."""
    furnish(tmp_path / "team.chat", "text")
    with open_document(tmp_path / "team.chat") as document:
        execute_of(document)("INSERT INTO schema_steps VALUES (99, 'to come', 'digest')")
        place = document.store_path
    assert place is not None
    with pytest.raises(StoreTooNew):
        forget(tmp_path / "team.chat", dry_run=False)
    assert place.exists()


def test_recovery_gives_the_others_back(tmp_path: Path) -> None:
    """Of its own file it is said that the store cannot be read."""
    bad, _ = furnish_one_damaged(tmp_path)
    for name in ("bad", "good"):
        (tmp_path / f"{name}.chat").unlink()
    for asked in (tmp_path, tmp_path / "bad.chat"):
        lost = recover(asked)[0]
        assert (lost.outcome, lost.store, lost.file) == ("unreadable", bad, None)
        assert lost.problem is not None
    (done,) = recover(tmp_path / "good.chat")
    assert (done.outcome, done.file) == ("present", tmp_path / "good.chat")
    assert b"good" in (tmp_path / "good.chat").read_bytes()


def test_forgetting_removes_it_and_leaves_what_it_may_need_of_others(tmp_path: Path) -> None:
    """The good one goes without backups while another store may name them; the damaged one goes by its index entry."""
    bad, good = furnish_one_damaged(tmp_path)
    removed = forget(tmp_path / "good.chat").removed
    assert good in removed
    assert not any("backups" in one.parts for one in removed)
    gone = forget(tmp_path / "bad.chat", dry_run=False).removed
    assert bad in gone
    assert not bad.exists()
    assert any("backups" in one.parts for one in forget(tmp_path / "good.chat").removed)
    furnish(tmp_path / "new.chat", "new")
    with open_document(tmp_path / "new.chat") as document:
        assert texts(document) == folded(document) == ["new"]
