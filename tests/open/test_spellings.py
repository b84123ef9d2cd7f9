"""On a disk that tells no `a` from `A` a file is one document, however its name is spelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.forget import forget
from chatdoc.model.errors import WriteFailed
from chatdoc.recover import recover
from chatdoc.rollback import rollback
from chatdoc.status import status
from chatdoc.verify import verify_store
from tests.case_blind import make_disks_case_blind
from tests.open.chats import codes, folded, furnish, legacy, texts


def stores_of(folder: Path) -> int:
    """How many stores were made in a folder."""
    return len(list(folder.glob(".chatdoc/*.sqlite3")))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on such a disk with `Team.chat`, whose document says "first"."""
    make_disks_case_blind(monkeypatch)
    furnish(tmp_path / "Team.chat", "first")
    return tmp_path


def test_both_spellings_open_one_document_with_one_store(folder: Path) -> None:
    """Opened under both names at once, a command of one is a repeated command of the other, and no copy is reported."""
    with open_document(folder / "Team.chat") as one, open_document(folder / "team.CHAT") as other:
        assert one.store_path == other.store_path
        assert codes(other) == []
        said = one.create_thread(sender_id="ada", content="second", command_id="once")
        assert other.create_thread(sender_id="ada", content="second", command_id="once") == said
    assert [one.path for one in status(folder)] == ["Team.chat"]
    assert stores_of(folder) == 1
    assert sorted(path.name for path in folder.glob("*.*")) == [".chatdoc", "Team.chat"]


def test_file_that_is_spelled_anew_keeps_its_store_and_its_way(folder: Path) -> None:
    """`mv Team.chat team.chat` moves the document: its log goes on, and the index still leads to its store."""
    (folder / "Team.chat").rename(folder / "team.chat")
    for name in ("team.chat", "Team.chat"):
        with open_document(folder / name) as document:
            assert texts(document) == folded(document) == ["first"]
    assert [one.path for one in status(folder)] == ["team.chat"]
    assert stores_of(folder) == 1
    assert len(list((folder / ".chatdoc" / "paths").iterdir())) == 1


def test_document_is_not_moved_onto_another_spelling_of_itself(folder: Path) -> None:
    """Saving to another spelling of the own name is refused: that file is there."""
    with (
        open_document(folder / "Team.chat") as document,
        pytest.raises(WriteFailed, match="is there already"),
    ):
        document.save(to=folder / "TEAM.chat")


def test_any_spelling_is_looked_at_and_forgotten(folder: Path) -> None:
    """What is stored of a file is verified, found present and removed under any spelling of its name."""
    other = folder / "tEAM.chat"
    assert verify_store(other) == []
    assert [one.outcome for one in recover(other)] == ["present"]
    assert forget(other, dry_run=False).file.name == "Team.chat"
    assert stores_of(folder) == 0


def test_any_spelling_is_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old file gets its bytes back under the name that it has, whichever was given."""
    make_disks_case_blind(monkeypatch)
    source = legacy("ada", "old")
    (tmp_path / "Old.chat").write_bytes(source)
    open_document(tmp_path / "old.chat").close()
    rollback(tmp_path / "OLD.chat")
    assert (tmp_path / "Old.chat").read_bytes() == source
    assert sorted(path.name for path in tmp_path.glob("*.*")) == [".chatdoc", "Old.chat"]
