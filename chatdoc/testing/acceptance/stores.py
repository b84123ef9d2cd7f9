"""Folder of stores: a store is found by what a file says it is and by its path, and documents share nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatdoc.model.errors import ChatdocError, DocumentExists
from chatdoc.store.ports import DocumentStore, Found, Marker, Registration, Stores, UnitOfWork
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import (
    NOW,
    append,
    do_command,
    marker,
    receipt,
    run_command,
    run_update,
)

ONE, OTHER = "01HF7YAT0000000000000000A1", "01HF7YAT0000000000000000B2"
BLOCKED_S = 5.0
"""A writer that has not ended after so long waits for somebody."""


class FolderFactory:
    """A folder of chat files with its stores; `open_stores` gives one more object for the stores of a folder."""

    def __init__(self, folder: Path, open_stores: Callable[[Path], Stores]) -> None:
        self.path, self._open_stores = folder, open_stores
        self._closing = contextlib.ExitStack()

    def stores(self) -> Stores:
        """The stores of the folder, through an object of their own."""
        return self._open_stores(self.path)

    def chat(self, name: str, document_id: str = ONE) -> Path:
        """A chat file that says which document it is."""
        path = self.path / name
        path.write_text(f'{{"event":"document","document_id":"{document_id}"}}\n', "utf-8")
        return path

    def create(
        self,
        path: Path,
        document_id: str = ONE,
        known: Marker | None = None,
    ) -> DocumentStore:
        """A new store for a file, whose first update is `genesis`."""
        said = Registration(path=path.name, document_id=document_id, created_at_ms=NOW, text_digest="d" * 64)
        made = self.stores().create(
            path,
            said,
            b"update genesis",
            origin="genesis",
            recorded_at_ms=NOW,
            marker=known,
        )
        return self.keep(made)

    def keep(self, store: DocumentStore) -> DocumentStore:
        """Close a store at the end of the test."""
        self._closing.callback(store.close)
        return store

    def find(self, path: Path, *document_ids: str) -> Found:
        """What is known of a file, asked afresh."""
        return self.stores().find(path, document_ids or (ONE,))

    def __enter__(self) -> FolderFactory:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()


def place_of(store: DocumentStore) -> Path:
    """Where a store is."""
    assert store.location is not None, "a store of a folder has a place"
    return store.location


class StoresSuite:
    """Promises of `Stores`; a fixture `folder` gives a FolderFactory."""

    def test_created_store_is_found_again_with_all_it_was_made_of(self, folder: FolderFactory) -> None:
        """A file that was never seen is new; then it is registered, and its store opens with update and marker."""
        path = folder.chat("team.chat")
        assert folder.find(path) == Found("new", None)
        store = folder.create(path, known=marker())
        place, said = place_of(store), store.registry.registration()
        store.close()
        assert folder.find(path) == folder.find(path, OTHER, ONE) == Found("registered", place)
        opened = folder.keep(folder.stores().open(place))
        assert opened.registry.registration() == said
        assert opened.registry.markers() == (marker(),)
        assert [entry.update for entry in opened.updates.entries()] == [b"update genesis"]
        assert folder.stores().places() == [place]

    def test_finding_writes_nothing(self, folder: FolderFactory) -> None:
        """Where no store is, none appears, and no folder for one."""
        path = folder.chat("team.chat")
        assert folder.find(path) == Found("new", None)
        assert folder.stores().places() == []
        assert list(folder.path.iterdir()) == [path]

    def test_one_of_many_makers_makes_the_store(self, folder: FolderFactory) -> None:
        """The others are told that the document exists, and leave nothing."""
        path = folder.chat("team.chat")
        makers = [Running(partial(folder.create, path)) for _ in range(6)]
        made = []
        for maker in makers:
            with contextlib.suppress(DocumentExists):
                made.append(maker.answer())
        assert len(made) == 1, f"{len(made)} of 6 made the store"
        assert folder.stores().places() == [place_of(made[0])]
        with pytest.raises(DocumentExists):
            folder.create(path, OTHER)

    def test_moved_file_keeps_its_store(self, folder: FolderFactory) -> None:
        """It is followed once; then the old path is new, and a path that has a store is not taken over."""
        store = folder.create(folder.chat("old.chat"))
        taken = folder.chat("taken.chat", OTHER)
        folder.create(taken, OTHER)
        path = (folder.path / "old.chat").rename(folder.path / "new.chat")
        assert folder.find(path) == Found("moved", place_of(store))
        with pytest.raises(DocumentExists):
            folder.stores().follow_move(store, taken)
        folder.stores().follow_move(store, path)
        assert folder.find(path) == Found("registered", place_of(store))
        assert store.registry.registration().path == "new.chat"
        assert folder.find(folder.chat("old.chat", OTHER), "somebody else").standing == "new"

    def test_copy_becomes_a_document_of_its_own(self, folder: FolderFactory) -> None:
        """While the original is there; the copy's store has another place, and nothing of one is in the other."""
        original = folder.chat("team.chat")
        store = folder.create(original)
        copied = folder.chat("copy.chat")
        assert folder.find(copied) == Found("copied", None, place_of(store))
        copy = folder.create(copied)
        assert folder.find(copied) == Found("registered", place_of(copy))
        assert folder.find(original) == Found("registered", place_of(store))
        run_command(store, "command")
        assert copy.receipts.get("command") is None
        assert copy.updates.last_sequence() == 1
        assert run_command(copy, "command") == 2
        assert store.receipts.get("command") == copy.receipts.get("command") == receipt("command")

    def test_writers_of_two_documents_do_not_wait_for_each_other(self, folder: FolderFactory) -> None:
        """While a unit of one is open, the other writes, and a third one is made."""
        one = folder.create(folder.chat("one.chat"))
        other = folder.create(folder.chat("other.chat", OTHER), OTHER)
        third = folder.chat("third.chat", "third")

        def work(unit: UnitOfWork) -> list[bool]:
            do_command(one, unit, "open")
            beside: list[Running[Any]] = [
                Running(partial(run_update, other, "beside")),
                Running(partial(folder.create, third, "third")),
            ]
            return [running.is_done_within(BLOCKED_S) for running in beside]

        assert one.write(work) == [True, True]

    def test_replaced_file_makes_room_and_the_old_store_can_come_back(self, folder: FolderFactory) -> None:
        """Another document under a known path is told; once released, each document has its own store."""
        path = folder.chat("team.chat")
        store = folder.create(path)
        run_update(store, "kept")
        folder.chat("team.chat", OTHER)
        assert folder.find(path, OTHER) == Found("replaced", None, place_of(store))
        folder.stores().release(store, path)
        assert folder.find(path, OTHER) == Found("new", None)
        other = folder.create(path, OTHER)
        assert folder.find(path, OTHER) == Found("registered", place_of(other))
        back = folder.chat("back.chat")
        assert folder.find(back) == Found("moved", place_of(store))
        folder.stores().follow_move(store, back)
        assert folder.find(back) == Found("registered", place_of(store))
        assert [entry.origin for entry in store.updates.entries()] == ["genesis", "kept"]

    def test_retired_store_is_never_found_and_stays(self, folder: FolderFactory) -> None:
        """Its path begins anew; it is listed, opens by its place, and serves again when it follows a file."""
        path = folder.chat("team.chat")
        store = folder.create(path)
        retired = msgspec.structs.replace(store.registry.registration(), retired_at_ms=NOW)
        store.write(lambda unit: unit.put_registration(retired))
        folder.stores().release(store, path)
        assert folder.find(path) == Found("new", None)
        store.close()
        assert folder.stores().places() == [place_of(store)]
        opened = folder.keep(folder.stores().open(place_of(store)))
        folder.stores().follow_move(opened, path)
        assert folder.find(path) == Found("registered", place_of(store))
        assert run_update(opened, "again") == [2]

    def test_looking_leaves_no_trace(self, folder: FolderFactory) -> None:
        """It reads everything, refuses every write, and no file of the folder is another one afterwards."""
        store = folder.create(folder.chat("team.chat"))
        run_command(store, "command")
        store.close()

        def files() -> dict[Path, bytes]:
            return {path: path.read_bytes() for path in sorted(folder.path.rglob("*")) if path.is_file()}

        before = files()
        looking = folder.keep(folder.stores().look(place_of(store)))
        assert looking.updates.last_sequence() == 2
        assert looking.receipts.get("command") == receipt("command")
        with pytest.raises(ChatdocError):
            looking.write(lambda unit: append(unit, "late"))
        looking.close()
        assert files() == before

    def test_forgotten_store_is_gone_and_others_stay(self, folder: FolderFactory) -> None:
        """A dry run says what would go and removes nothing; a backup that another store's marker names stays."""
        path, beside = folder.chat("team.chat"), folder.chat("beside.chat", OTHER)
        store = folder.create(path, known=marker("own"))
        other = folder.create(beside, OTHER, known=marker("shared"))
        store.write(lambda unit: unit.put_marker(marker("shared"), recorded_at_ms=NOW))
        for name in ("own.backup", "shared.backup"):
            folder.stores().backups.mkdir(exist_ok=True)
            (folder.stores().backups / name).write_bytes(b"bytes")
        store.close()
        would_go = folder.stores().forget(place_of(store))
        assert all(file.exists() for file in would_go)
        assert folder.find(path) == Found("registered", place_of(store))
        assert folder.stores().forget(place_of(store), dry_run=False) == would_go
        assert not [file for file in would_go if file.exists()]
        assert folder.stores().backups / "own.backup" in would_go
        assert (folder.stores().backups / "shared.backup").exists()
        assert folder.find(path) == Found("new", None)
        assert folder.find(beside, OTHER) == Found("registered", place_of(other))
        assert path.exists()
