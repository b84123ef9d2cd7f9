"""A document whose text cannot be written is named, and keeps no other from being saved and let go of."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.importer.documents import Documents
from chatdoc.model.errors import ReadOnlyTarget


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
