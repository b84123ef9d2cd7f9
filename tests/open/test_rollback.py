"""A rollback gives the old bytes back, throws nothing newer away unasked, and ends the documents still open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatdoc import Workspace, open_document
from chatdoc.model.errors import DocumentFailed, MigrationFailed, NewerEdits, NoEventLog
from chatdoc.rollback import rollback
from chatdoc.status import status
from chatdoc.store import backups

SOURCE = (
    b'{"event":"chat","sender_id":"ada","date":"2023-01-02T03:04:05.000Z",'
    b'"history":[{"author_id":"ada","content":"Hi","date":"2023-01-02T03:04:05.000Z"}]}\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A legacy file of one message."""
    path = tmp_path / "old.chat"
    path.write_bytes(SOURCE)
    return path


def test_rolling_back_what_was_never_opened_makes_no_store(file: Path) -> None:
    """A refused rollback leaves the folder as it was."""
    for path in (file, file.with_name("missing.chat")):
        with pytest.raises(MigrationFailed, match="was not migrated here"):
            rollback(path)
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_edits_in_the_store_are_kept_though_the_old_bytes_stand_in_the_file(file: Path) -> None:
    """Whoever put the old bytes back by hand has said nothing of the edits since."""
    with open_document(file) as document:
        thread = document.threads()[0]
        document.send(thread.thread_id, sender_id="bob", content="New")
    file.write_bytes(SOURCE)
    with pytest.raises(NewerEdits, match="1 updates"):
        rollback(file)
    with open_document(file) as document:
        assert [one.content for one in document.messages(thread.thread_id)] == ["Hi", "New"]


def test_a_document_that_is_open_during_a_rollback_is_ended_by_it(file: Path) -> None:
    """Its next change is refused and its closing writes nothing, so the old bytes stay; what it says can be read."""
    document = open_document(file)
    thread = document.threads()[0]
    rollback(file)
    assert document.messages(thread.thread_id)[0].content == "Hi"
    with pytest.raises(DocumentFailed, match="rolled back"):
        document.send(thread.thread_id, sender_id="bob", content="Too late")
    with pytest.raises(DocumentFailed):
        document.save()
    document.close()
    assert file.read_bytes() == SOURCE


def test_a_rolled_back_file_opens_anew(file: Path) -> None:
    """A rollback is no end: the same file is migrated again, to the same ids."""
    with open_document(file) as document:
        first = document.threads()
    rollback(file)
    with open_document(file) as document:
        assert document.threads() == first
        assert document.report is not None
    rollback(file)
    assert file.read_bytes() == SOURCE


def test_a_document_whose_file_was_opened_under_another_name_writes_no_second_file(file: Path) -> None:
    """The other opening carries the document on; the first one's changes are in the store they share."""
    document = open_document(file)
    thread_id = document.threads()[0].thread_id
    moved = file.rename(file.with_name("moved.chat"))
    other = open_document(moved)
    assert other.store_path == document.store_path
    document.send(thread_id, sender_id="bob", content="Still here")
    assert document.file_state == "moved"
    document.close()
    assert not file.exists()
    assert [one.content for one in other.messages(thread_id)] == ["Hi", "Still here"]
    other.close()


def test_what_was_rolled_back_is_shown_no_more_until_it_is_opened_again(file: Path) -> None:
    """Its store serves no file any more; another migration begins another one, with a log of its own."""
    with open_document(file) as document:
        thread_id, store = document.threads()[0].thread_id, document.store_path
    rollback(file)
    with pytest.raises(NoEventLog):
        Workspace(file.parent)
    with open_document(file) as document:
        assert document.store_path != store
        assert [thread.id for thread in document.snapshot().threads] == [thread_id]
    assert sorted(one.file for one in status(file.parent)) == ["as published", "rolled back"]


def test_an_edit_during_a_rollback_is_not_thrown_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is acknowledged before the file is restored makes the rollback fail, and the file stays as it is."""
    document = open_document(file)
    thread_id = document.threads()[0].thread_id
    load = backups.load

    def late(*args: Any) -> bytes:
        document.send(thread_id, sender_id="bob", content="Just now")
        return load(*args)

    monkeypatch.setattr("chatdoc.rollback.load", late)
    with pytest.raises(NewerEdits):
        rollback(file)
    document.close()
    with open_document(file) as document:
        assert [one.content for one in document.messages(thread_id)] == ["Hi", "Just now"]
