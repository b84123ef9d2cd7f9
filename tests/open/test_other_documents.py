"""A path is no identity: another chat in its place is another document, and what went is not brought back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from chatdoc import open_document, read_document
from chatdoc.model.errors import FileReplaced, WriteFailed
from chatdoc.recover import recover
from chatdoc.status import status
from tests.open.chats import codes, folded, furnish, jupyter, legacy, texts


def replaced_by_another_id(path: Path) -> str:
    """A file of ours, replaced by another of ours from elsewhere."""
    furnish(path, "old chat")
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    furnish(elsewhere / "new.chat", "new chat")
    shutil.copy(elsewhere / "new.chat", path)
    return "old chat"


def replaced_by_another_jupyter_chat(path: Path) -> str:
    """A JupyterLab chat, replaced by one of another id."""
    path.write_bytes(jupyter("aaaaaaaa-0000-4000-8000-000000000001", "old chat", "to be forgotten"))
    open_document(path, convert=True).close()
    path.write_bytes(jupyter("bbbbbbbb-0000-4000-8000-000000000002", "new chat"))
    return "old chat"


def replaced_by_what_has_nothing_in_common(path: Path) -> str:
    """A legacy chat, replaced by one of another time."""
    path.write_bytes(legacy("ada", "old chat"))
    open_document(path).close()
    path.write_bytes(legacy("bob", "new chat", "2025-01-01T00:00:00.000Z"))
    return "old chat"


REPLACED = (
    replaced_by_another_id,
    replaced_by_another_jupyter_chat,
    replaced_by_what_has_nothing_in_common,
)


@pytest.mark.parametrize("replace", REPLACED, ids=lambda one: one.__name__)
def test_replaced_file_is_another_document_and_the_old_one_comes_back(tmp_path: Path, replace: Any) -> None:
    """Nothing of the old one is shown or written; its store is set aside, said in the report, and opened again."""
    path = tmp_path / "chat.chat"
    old = replace(path)
    assert texts(read_document(path)) == ["new chat"]
    with open_document(path, convert=True) as document:
        assert "replaced_file" in codes(document)
        assert texts(document) == folded(document) == ["new chat"]
        new_store = document.store_path
    with open_document(path) as document:
        assert (document.store_path, codes(document)) == (new_store, [])
        assert texts(document) == ["new chat"]
    assert sorted(one.file for one in status(tmp_path) if one.path == "chat.chat") == [
        "as published",
        "set aside",
    ]
    found = [one for one in recover(path) if one.outcome == "recovered"]
    assert [one.was for one in found] == ["replaced"]
    with open_document(found[0].file) as document:
        assert document.store_path == found[0].store != new_store
        assert texts(document)[0] == old
        assert folded(document) == texts(document)
    with open_document(path) as document:
        assert texts(document) == ["new chat"]


def test_file_replaced_while_open_is_not_written_over(tmp_path: Path) -> None:
    """Saving is refused in words that say what to do, and doing it keeps both documents."""
    path, other = tmp_path / "a.chat", tmp_path / "other.chat"
    thread_id = furnish(path, "ours")
    furnish(other, "theirs")
    with open_document(path) as document:
        assert document.file_state == "present"
        document.send(thread_id, sender_id="ada", content="meanwhile")
        os.replace(other, path)
        theirs = path.read_bytes()
        assert document.file_state == "replaced"
        with pytest.raises(FileReplaced, match=r"save\(to=…\)"):
            document.save()
        assert path.read_bytes() == theirs
        assert document.save(to=tmp_path / "ours.chat")
        assert document.path == tmp_path / "ours.chat"
        assert document.file_state == "present"
    assert path.read_bytes() == theirs
    with open_document(tmp_path / "ours.chat") as document:
        assert texts(document) == folded(document) == ["ours", "meanwhile"]
    with open_document(path) as document:
        assert texts(document) == folded(document) == ["theirs"]


def test_change_from_outside_is_no_replacement(tmp_path: Path) -> None:
    """A text that has our id, or rows in common with ours, is merged as ever."""
    path = tmp_path / "a.chat"
    path.write_bytes(legacy("ada", "root"))
    with open_document(path) as document:
        thread_id = document.threads()[0].thread_id
    path.write_bytes(legacy("ada", "root") + legacy("bob", "second root", "2025-01-01T00:00:00.000Z"))
    with open_document(path) as document:
        assert "replaced_file" not in codes(document)
        assert thread_id in {one.thread_id for one in document.threads()}
        assert {"root", "second root"} <= set(texts(document))


def test_deleted_path_begins_empty(tmp_path: Path) -> None:
    """Nothing of the old document is shown; the report says where it is, and it can be had again."""
    path = tmp_path / "a.chat"
    furnish(path, "old")
    path.unlink()
    with open_document(path) as document:
        assert (codes(document), texts(document), folded(document)) == (["deleted_file"], [], [])
        document.create_thread(sender_id="bob", content="new")
    with open_document(path) as document:
        assert texts(document) == folded(document) == ["new"]
    (found,) = [one for one in recover(path) if one.outcome == "recovered"]
    with open_document(found.file) as document:
        assert texts(document) == folded(document) == ["old"]


@pytest.mark.parametrize("edited", [False, True])
def test_file_deleted_while_open_is_not_brought_back(tmp_path: Path, edited: bool) -> None:
    """By no save and no close; what was written meanwhile is in the store and comes back with it."""
    path = tmp_path / "a.chat"
    thread_id = furnish(path, "first")
    document = open_document(path)
    path.unlink()
    assert document.file_state == "deleted"
    if edited:
        document.send(thread_id, sender_id="ada", content="after the deletion")
    assert document.save() is False
    document.close()
    assert not path.exists()
    (found,) = recover(path)
    assert (found.was, found.outcome, found.file) == ("deleted", "recovered", path)
    with open_document(path) as document:
        assert texts(document) == folded(document) == ["first", *["after the deletion"] * edited]
        assert document.store_path == found.store


@pytest.mark.parametrize("edited", [False, True])
def test_file_moved_while_open_is_not_made_again(tmp_path: Path, edited: bool) -> None:
    """The old name stays free; the moved file takes up what was written meanwhile."""
    path, moved = tmp_path / "a.chat", tmp_path / "moved.chat"
    thread_id = furnish(path, "first")
    document = open_document(path)
    path.rename(moved)
    assert document.file_state == "moved"
    if edited:
        document.send(thread_id, sender_id="ada", content="after the move")
    assert document.save() is False
    document.close()
    assert sorted(one.name for one in tmp_path.glob("*.chat")) == ["moved.chat"]
    with open_document(moved) as document:
        assert texts(document) == folded(document) == ["first", *["after the move"] * edited]
        assert codes(document) == ["moved_file"]
    assert (b"after the move" in moved.read_bytes()) is edited


def test_document_goes_on_where_it_is_saved_to(tmp_path: Path) -> None:
    """Later saves write there; a place that is taken is refused, and nothing there is touched."""
    path, taken, free = tmp_path / "a.chat", tmp_path / "taken.chat", tmp_path / "free.chat"
    thread_id = furnish(path, "first")
    taken.write_bytes(b"mine")
    with open_document(path) as document:
        path.unlink()
        with pytest.raises(WriteFailed, match="is there already"):
            document.save(to=taken)
        assert taken.read_bytes() == b"mine"
        with pytest.raises(WriteFailed, match=r"another folder than the store .* move it"):
            document.save(to=tmp_path / "below" / "free.chat")
        assert document.save(to=free) is True
        assert document.file_state == "present"
        document.send(thread_id, sender_id="ada", content="second")
        assert document.save() is True
        store = document.store_path
    assert not path.exists()
    with open_document(free) as document:
        assert (document.store_path, document.report) == (store, None)
        assert texts(document) == folded(document) == ["first", "second"]


def test_file_saved_to_another_place_leaves_the_old_one_to_itself(tmp_path: Path) -> None:
    """The old file stays as it was, and is a copy from then on."""
    path, free = tmp_path / "a.chat", tmp_path / "free.chat"
    thread_id = furnish(path, "first")
    before = path.read_bytes()
    with open_document(path) as document:
        document.save(to=free)
        document.send(thread_id, sender_id="ada", content="second")
        store = document.store_path
    assert path.read_bytes() == before
    with open_document(path) as document:
        assert document.store_path != store
        assert codes(document) == ["copied_file"]
        assert texts(document) == folded(document) == ["first"]
    with open_document(free) as document:
        assert document.store_path == store
        assert texts(document) == ["first", "second"]


def test_other_process_does_not_write_the_file_that_a_document_left(tmp_path: Path) -> None:
    """It reads and writes on; the text goes to where the document lives now."""
    path, free = tmp_path / "a.chat", tmp_path / "free.chat"
    thread_id = furnish(path, "first")
    before = path.read_bytes()
    with open_document(path) as one, open_document(path) as other:
        one.save(to=free)
        assert other.file_state == "moved"
        other.send(thread_id, sender_id="bob", content="second")
        assert other.save() is False
        assert one.save() is True
    assert path.read_bytes() == before
    assert b"second" in free.read_bytes()
