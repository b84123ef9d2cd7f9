"""Stores are forgotten and files recovered on demand alone, each said beforehand; a store lies beside its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.forget import forget
from chatdoc.model.errors import NotFound
from chatdoc.recover import recover
from chatdoc.status import status
from tests.open.chats import codes, folded, furnish, legacy, texts


def test_forgetting_removes_stores_backups_and_the_way_to_them(tmp_path: Path) -> None:
    """A dry run says the same and removes nothing; the file stays, and other documents have lost nothing."""
    path, other = tmp_path / "a.chat", tmp_path / "b.chat"
    path.write_bytes(legacy("ada", "old"))
    open_document(path).close()
    furnish(other, "other")
    kept, home = path.read_bytes(), tmp_path / ".chatdoc"
    before = sorted(home.rglob("*"))
    said = forget(path)
    assert not said.applied
    assert sorted(home.rglob("*")) == before
    done = forget(path, dry_run=False)
    assert (done.removed, done.applied) == (said.removed, True)
    assert any("backups" in one.parts for one in done.removed)
    assert not any(one.exists() for one in done.removed)
    assert path.read_bytes() == kept
    assert [one.path for one in status(tmp_path)] == ["b.chat"]
    with pytest.raises(NotFound, match="nothing is stored"):
        forget(path)
    with open_document(other) as document:
        assert texts(document) == folded(document) == ["other"]
    with open_document(path) as document:
        assert texts(document) == folded(document) == ["old"]
        assert codes(document) == []


def test_recovering_gives_back_every_lost_file_of_a_folder(tmp_path: Path) -> None:
    """A dry run writes nothing; files that are there are left alone; a second run has nothing to do."""
    below = tmp_path / "below"
    below.mkdir()
    paths = {tmp_path / "a.chat": "of a", tmp_path / "b.chat": "of b", below / "c.chat": "of c"}
    for path, text in paths.items():
        furnish(path, text)
    kept = (tmp_path / "b.chat").read_bytes()
    lost = [tmp_path / "a.chat", below / "c.chat"]
    before = {one: one.read_bytes() for one in lost}
    for one in lost:
        one.unlink()
    said = recover(tmp_path, dry_run=True)
    assert {one.file: one.outcome for one in said} == {
        tmp_path / "a.chat": "would be recovered",
        tmp_path / "b.chat": "present",
        below / "c.chat": "would be recovered",
    }
    assert not any(one.exists() for one in lost)
    assert [one.outcome for one in recover(tmp_path)].count("recovered") == 2
    assert {one: one.read_bytes() for one in lost} == before
    assert (tmp_path / "b.chat").read_bytes() == kept
    assert {one.outcome for one in recover(tmp_path)} == {"present"}


def test_recovered_text_takes_no_name_that_another_document_has(tmp_path: Path) -> None:
    """Neither that of one without a file yet, nor that of a file beside it; what is empty has lost nothing."""
    path = tmp_path / "a.chat"
    furnish(path, "old")
    path.unlink()
    with open_document(path) as new:  # It is empty, so it has no file.
        assert not path.exists()
        said = recover(path, dry_run=True)
        (wanted,) = [one.file for one in said if one.outcome == "would be recovered" and one.file != path]
        wanted.write_bytes(b"mine")
        (found,) = [one for one in recover(path) if one.outcome == "recovered"]
        assert found.was == "replaced"
        assert wanted.read_bytes() == b"mine"
        assert found.file not in (path, wanted)
        new.create_thread(sender_id="bob", content="new")
    for file, text in ((path, "new"), (found.file, "old")):
        with open_document(file) as document:
            assert texts(document) == folded(document) == [text]


def test_store_lies_beside_its_file_alone(tmp_path: Path) -> None:
    """No folder above the file's gets anything; a link leads to the folder of the real file."""
    below = tmp_path / "one" / "two"
    below.mkdir(parents=True)
    furnish(below / "a.chat")
    (tmp_path / "link.chat").symlink_to(below / "a.chat")
    with open_document(tmp_path / "link.chat") as document:
        assert document.store_path is not None
        assert document.store_path.parent == below / ".chatdoc"
    assert [one.parent for one in tmp_path.rglob(".chatdoc")] == [below]
