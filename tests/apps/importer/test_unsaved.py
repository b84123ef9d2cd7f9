"""A document whose text cannot be written is named, and keeps no other from being saved and let go of."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.importer import documents as documents_module
from chatdoc.apps.importer.documents import Documents
from chatdoc.document import Document
from chatdoc.model.errors import ReadOnlyTarget
from tests.apps.importer.conftest import Import


def two_unsaved(folder: Path) -> tuple[Documents, list[Path]]:
    """Two open documents, of which the texts have "First" and the stores "Hello" too."""
    documents = Documents()
    paths = [folder / name for name in ("a.chat", "b.chat")]
    for path in paths:
        documents.get(path).create_thread(sender_id="ada", content="First")
        documents.get(path).save()
        documents.get(path).create_thread(sender_id="ada", content="Hello")
    return documents, paths


def test_one_that_cannot_be_saved_keeps_no_other_from_it(tmp_path: Path) -> None:
    """It is told once, by whichever call comes first; its store has what its text has not."""
    documents, paths = two_unsaved(tmp_path)
    paths[0].chmod(0o444)
    assert [(path, type(error)) for path, error in documents.save()] == [(str(paths[0]), ReadOnlyTarget)]
    assert [b"Hello" in path.read_bytes() for path in paths] == [False, True]
    assert documents.unsaved == {str(paths[0])}
    documents.close()
    paths[0].chmod(0o644)
    again = Documents()
    assert len(again.get(paths[0]).threads()) == 2
    again.close()
    assert again.unsaved == set()


def test_a_close_lets_go_of_all_before_it_tells_what_failed(tmp_path: Path) -> None:
    """Where nobody has been told before."""
    documents, paths = two_unsaved(tmp_path)
    paths[1].chmod(0o444)
    with pytest.raises(ReadOnlyTarget):
        documents.close()
    assert b"Hello" in paths[0].read_bytes()
    assert documents.opened() == []


def test_one_that_has_to_make_room_and_cannot_be_saved_is_told_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log that the room is for is another document's; who asks later what could not be saved is told."""
    monkeypatch.setattr(documents_module, "OPEN_MAX", 2)
    documents, paths = two_unsaved(tmp_path)
    paths[0].chmod(0o444)
    documents.get(tmp_path / "c.chat")
    assert [(path, type(error)) for path, error in documents.save()] == [(str(paths[0]), ReadOnlyTarget)]
    assert documents.save() == []
    assert documents.unsaved == {str(paths[0])}
    paths[0].chmod(0o644)
    documents.get(paths[0])
    assert documents.unsaved == set()
    documents.close()
    assert b"Hello" in paths[0].read_bytes()


def test_an_import_names_the_document_whose_text_it_could_not_write(
    logs: Path, tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more documents than may be open at once; the next import writes it, though no log has anything new."""
    monkeypatch.setattr(documents_module, "OPEN_MAX", 1)
    ones = [logs / "codex-minimal", logs / "claude-minimal"]
    other = ones[1] / "claude-minimal.jsonl"
    other.write_bytes(other.read_bytes().replace(b"/home/ada/loom", b"/home/ada/spindle"))
    first = run_import(ones[0])
    document = Path(first.sessions[0].document)
    text = document.read_bytes()
    (log,) = ones[0].glob("*.jsonl")
    raw = log.read_bytes()
    log.write_bytes(raw + raw.splitlines(keepends=True)[-1].replace(b"T10:", b"T11:"))
    close = Document.close

    def failing(self: Document) -> None:
        document.chmod(0o444)
        close(self)

    with monkeypatch.context() as full:
        full.setattr(Document, "close", failing)
        report = run_import(*ones)
    document.chmod(0o644)
    assert [one.path for one in report.sessions if one.result == "failed"] == [str(document)]
    assert report.counts == {"failed": 1, "grown": 1, "imported": 1}
    assert document.read_bytes() == text
    assert run_import(*ones).counts == {"unchanged": 2}
    assert document.read_bytes() != text
