"""Every document has a store and a log of its own: a copy gets another one, and a moved file keeps its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.model.errors import FileReplaced
from chatdoc.status import status
from tests.open.chats import codes, folded, furnish, legacy, texts


def test_copy_gets_a_store_of_its_own_and_says_so(tmp_path: Path) -> None:
    """At its first opening, with a whole log; the second opening has nothing to say, and the original never had."""
    one, other = tmp_path / "a.chat", tmp_path / "b.chat"
    furnish(one)
    shutil.copy(one, other)
    with open_document(other) as copy, open_document(one) as original:
        assert (codes(copy), codes(original)) == (["copied_file"], [])
        assert copy.document_id == original.document_id
        assert copy.store_path != original.store_path
        assert {copy.store_path, original.store_path} == set((tmp_path / ".chatdoc").glob("*.sqlite3"))
        assert folded(copy) == folded(original) == ["Hello"]
    before = {one.path: one.store for one in status(tmp_path)}
    with open_document(other) as copy:
        assert codes(copy) == []
    assert {one.path: one.store for one in status(tmp_path)} == before


def test_copy_of_a_copy_gets_a_third_store(tmp_path: Path) -> None:
    """And each path is led to its own again."""
    furnish(tmp_path / "a.chat")
    stores = set()
    for before, after in (("a", "b"), ("b", "c")):
        shutil.copy(tmp_path / f"{before}.chat", tmp_path / f"{after}.chat")
        open_document(tmp_path / f"{after}.chat").close()
    for name in "abc":
        with open_document(tmp_path / f"{name}.chat") as document:
            assert document.report is None
            stores.add(document.store_path)
    assert len(stores) == 3


def test_what_is_done_in_a_copy_is_not_done_in_the_original(tmp_path: Path) -> None:
    """Turns, edits, deletions, command ids, receipts and rows of the one are not those of the other."""
    one, other = tmp_path / "room.chat", tmp_path / "copy.chat"
    thread_id = furnish(one, "Hello", "Hi")
    shutil.copy(one, other)
    with open_document(one) as original, open_document(other) as copy:
        turn = copy.start_turn(thread_id, sender_id="codex")
        turn.append("in the copy")
        turn.flush()
        assert original.state(thread_id) is None
        assert original.agents.running() == ()
        assert original.log.session(thread_id) is None
        with original.start_turn(thread_id, sender_id="codex") as ours:
            ours.finalize("in the original")
        assert [one.message_id for one in copy.agents.running()] == [turn.message_id]
        turn.finalize()
        # One command id may be used in each.
        message_id = original.messages(thread_id)[1].message_id
        for document in (original, copy):
            name = "original" if document is original else "copy"
            document.edit(message_id, author_id="ada", content=f"edited in the {name}", command_id="the same")
        assert folded(original) == texts(original) == ["Hello", "edited in the original", "in the original"]
        assert folded(copy) == texts(copy) == ["Hello", "edited in the copy", "in the copy"]
        original.delete_thread(thread_id, deleted_by="ada")
        assert copy.thread(thread_id).deleted_at is None
        assert [row.deleted_at for row in copy.log.threads()] == [None]
        assert original.log.thread(thread_id).deleted_at is not None


def test_legacy_chats_whose_roots_share_a_millisecond_stay_two_documents(tmp_path: Path) -> None:
    """Each shows its own text, whichever of them was opened first, and a snapshot shows only its own."""
    sources = {"a.chat": ("ada", "of ada"), "b.chat": ("bob", "of bob")}
    for name, (sender, text) in sources.items():
        (tmp_path / name).write_bytes(legacy(sender, text))
    for _ in range(2):
        for name, (_, text) in sources.items():
            with open_document(tmp_path / name) as document:
                assert texts(document) == folded(document) == [text]
                assert "copied_file" not in codes(document)
    assert len(status(tmp_path)) == 2


def test_snapshot_shows_nothing_of_another_document(tmp_path: Path) -> None:
    """Documents of one folder are not in each other's events, rows or threads."""
    furnish(tmp_path / "a.chat", "of a")
    furnish(tmp_path / "b.chat", "of b")
    for name in "ab":
        with open_document(tmp_path / f"{name}.chat") as document:
            assert folded(document) == [f"of {name}"]
            assert {one.document_id for one in document.replay()} == {document.document_id}
            assert [one.sequence for one in document.replay()] == [1, 2, 3]


def test_moved_file_keeps_its_log(tmp_path: Path) -> None:
    """It is found by what it says, in the store it had, with every event and receipt."""
    old, new = tmp_path / "old.chat", tmp_path / "new.chat"
    with open_document(old) as document:
        thread = document.create_thread(sender_id="ada", content="Hello", command_id="one")
        store, events = document.store_path, [one.event_id for one in document.replay()]
    old.rename(new)
    with open_document(new) as document:
        assert (document.store_path, codes(document)) == (store, ["moved_file"])
        assert [one.event_id for one in document.replay()] == events
        assert document.create_thread(sender_id="ada", content="Hello", command_id="one") == thread
    with open_document(new) as document:
        assert (document.store_path, document.report) == (store, None)
    assert [one.path for one in status(tmp_path)] == ["new.chat"]


def test_two_files_that_changed_places_keep_their_logs(tmp_path: Path) -> None:
    """Paths are no identity: each document is where its file is now, and its store with it."""
    one, other, aside = tmp_path / "a.chat", tmp_path / "b.chat", tmp_path / "c.chat"
    stores = {}
    for path, text in ((one, "of a"), (other, "of b")):
        furnish(path, text)
        with open_document(path) as document:
            stores[text] = document.store_path
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    for path, text in ((one, "of b"), (other, "of a")):
        with open_document(path) as document:
            assert texts(document) == folded(document) == [text]
            assert document.store_path == stores[text]
    assert len(status(tmp_path)) == 2


def test_a_store_that_was_set_aside_can_be_named(tmp_path: Path) -> None:
    """Its document opens again under another name with its whole log; under the other document's file it is refused."""
    path = tmp_path / "a.chat"
    with open_document(path) as old:
        thread_id = old.create_thread(sender_id="ada", content="old").thread_id
        place = old.store_path
    path.unlink()
    with open_document(path) as new:
        new.create_thread(sender_id="ada", content="new")
    assert place is not None
    with pytest.raises(FileReplaced, match="another document"):
        open_document(path, store=place)
    with open_document(tmp_path / "old.chat", store=place) as again:
        assert [one.thread_id for one in again.threads()] == [thread_id]
        assert again.store_path == place
    with open_document(tmp_path / "old.chat") as again:
        assert again.store_path == place
