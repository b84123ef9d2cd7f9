"""What is no regular file, or no chat any more, is refused at once and by name; a stored document survives it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from chatdoc import open_document, read_document
from chatdoc.model.errors import StoreGone, UnreadableFile
from chatdoc.open import migrate_file
from chatdoc.recover import recover


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    """Nobody writes into it, so reading would never end."""
    pipe = tmp_path / "pipe.chat"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read_document(pipe)
    with pytest.raises(UnreadableFile, match="not a regular file"):
        migrate_file(pipe, dry_run=True)
    with pytest.raises(UnreadableFile, match="not a regular file"):
        open_document(pipe)


def test_a_device_is_no_empty_document() -> None:
    """No bytes came, but not because a chat is empty."""
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read_document(os.devnull)


def test_a_file_replaced_by_garbage_is_left_alone_and_its_document_comes_back(tmp_path: Path) -> None:
    """The error says how, and doing so gives the very text back, beside what stands there."""
    path = tmp_path / "a.chat"
    with open_document(path) as document:
        document.create_thread(sender_id="ada", content="Hi")
    text = path.read_bytes()
    path.write_bytes(b"{garbage")
    with pytest.raises(UnreadableFile, match="chatdoc recover"):
        open_document(path)
    (found,) = recover(path)
    assert path.read_bytes() == b"{garbage"
    assert found.file.read_bytes() == text
    with open_document(found.file) as document:
        assert document.store_path == found.store


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """The error is ours; and a name given as bytes is a name like others."""
    with pytest.raises(UnreadableFile, match="no path"):
        open_document("a\0b.chat")
    with open_document(os.fsencode(tmp_path / "bytes.chat")) as document:  # type: ignore[arg-type]
        assert document.path == tmp_path / "bytes.chat"


def test_a_name_that_no_file_can_have_is_refused_by_name(tmp_path: Path) -> None:
    """Too long for the system, or nothing at all."""
    for call in (open_document, read_document, migrate_file):
        with pytest.raises(UnreadableFile, match="cannot be looked at: File name too long"):
            call(tmp_path / f"{'x' * 300}.chat")
        with pytest.raises(UnreadableFile, match="the empty name is a folder"):
            call("")


def test_whoever_closes_a_document_without_its_store_is_told(tmp_path: Path) -> None:
    """The `.chat` text lacks what was written last, and nobody may have heard of it: `git clean` takes such folders."""
    document = open_document(tmp_path / "plan.chat")
    document.create_thread(sender_id="ada", content="Only in memory")
    shutil.rmtree(tmp_path / ".chatdoc")
    with pytest.raises(StoreGone):
        document.close()
    assert b"Only in memory" in document.text()
    document.close()


def test_an_error_in_the_body_is_not_hidden_by_one_of_closing(tmp_path: Path) -> None:
    """What closing says besides is a note of it."""
    document = open_document(tmp_path / "plan.chat")
    shutil.rmtree(tmp_path / ".chatdoc")
    with pytest.raises(KeyError) as raised, document:
        raise KeyError("mine")
    [note] = raised.value.__notes__
    assert note.startswith("Besides, the document was not closed well: the store ")
