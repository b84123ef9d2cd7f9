"""A row that one side refuses, or that others change meanwhile, takes nothing of what was acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.model.errors import StoreError
from chatdoc.store.dual.backfill import backfill
from chatdoc.store.dual.change_phase import change_phase
from chatdoc.store.dual.control import Control
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.ports import Record, Row
from chatdoc.store.dual.sqlite_file import SqliteFile
from chatdoc.store.dual.verify import verify
from tests.store.dual.memory_side import NOTE, MemorySide
from tests.store.dual.test_dual_store import NOW, note, shown, store_of


class Picky(MemorySide):
    """Refuses one text, as a table with a constraint does."""

    refused = ""

    def put(self, identity: str, record: Record) -> int:
        """Make the row hold the record, unless its text is refused."""
        if record["text"] == self.refused:
            raise StoreError("a constraint failed")
        return super().put(identity, record)


def picky(path: Path) -> tuple[DualStore, Picky, Picky]:
    """A store over two sides that may refuse a text each."""
    control = Control(SqliteFile(path, create=True), "note", otherwise="dual_write")
    control.prepare()
    old, new = Picky("old"), Picky("new")
    return DualStore(NOTE, old, new, control, now_iso=lambda: NOW), old, new


def test_a_backfill_does_not_delete_what_new_refuses_to_take(tmp_path: Path) -> None:
    """Its tombstone on new is older than the record, which waits for a repair that fails."""
    store, old, new = picky(tmp_path / "control.db")
    store.put("a", note("first"))
    store.delete("a")
    new.refused = "again"
    store.put("a", note("again"))
    assert shown(store) == {"a": "again"}
    assert backfill(store).still_pending == 1
    assert shown(store) == {"a": "again"}
    assert old.get("a") is not None
    new.refused = ""
    assert backfill(store).still_pending == 0
    assert verify(store).ok


def test_a_way_back_is_refused_while_old_refuses_a_row(tmp_path: Path) -> None:
    """It would be shown no more; its tombstone on old is older than the record."""
    store, old, _ = picky(tmp_path / "control.db")
    store.put("a", note("first"))
    store.delete("a")
    change_phase(store, "new_only")
    store.put("a", note("again"))
    old.refused = "again"
    with pytest.raises(StoreError):
        change_phase(store, "old_only")
    assert (store.phase, shown(store)) == ("new_only", {"a": "again"})
    old.refused = ""
    change_phase(store, "old_only")
    assert shown(store) == {"a": "again"}


def test_a_backfill_brings_what_another_program_changed_on_the_side_that_loses(tmp_path: Path) -> None:
    """Its range is finished and as it was, and what it was copied to is not."""
    store, _, new = store_of(tmp_path / "control.db")
    store.put("a", note("said"))
    backfill(store)
    new.rows[new.ids["a"]]["text"] = "changed"
    assert verify(store).differing == 1
    backfill(store)
    assert verify(store).ok
    change_phase(store, "read_new")
    assert shown(store) == {"a": "said"}


def test_a_backfill_carries_what_old_says_when_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may write, or delete, between the look at a range and its transaction."""
    store, old, _ = store_of(tmp_path / "control.db")
    for identity in ("a", "b"):
        store.put(identity, note("before"))
    looked = old.page

    def page(after: str, limit: int) -> list[Row]:
        found = looked(after, limit)
        if found:
            store.put("a", note("after"))
            store.delete("b")
        return found

    monkeypatch.setattr(old, "page", page)
    backfill(store)
    assert shown(store) == {"a": "after"}
    assert verify(store).ok
