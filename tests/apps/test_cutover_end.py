"""The end of a cutover: what stands where it goes, what its name is, and who hears that the new place cannot serve."""

from __future__ import annotations

import errno
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chatdoc import open_document, open_store, read_document
from chatdoc.cutover import cutover
from chatdoc.cutover_sides import DatabaseSide, FileSide
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.session import Session
from tests.postgres_cluster import Cluster

NAME = "a.chat"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document with one message."""
    with open_document(tmp_path / NAME) as doc:
        doc.create_thread(sender_id="ada", content="Hello")
    return tmp_path / NAME


def test_a_file_that_was_deleted_meanwhile_is_there_again_when_its_document_is(file: Path, url: str) -> None:
    """Whoever lets it live in the file wants that, and nobody could read it else."""
    cutover(file, url)
    file.unlink()
    assert cutover(file, url, back=True).outcome == "moved"
    assert "Hello" in file.read_text()
    assert len(read_document(file).threads()) == 1


def test_a_link_stands_for_the_file_that_it_leads_to(file: Path, url: str, tmp_path: Path) -> None:
    """The document has one name in the database, whichever of the two is given, there and back."""
    link = tmp_path / "elsewhere" / "current.chat"
    link.parent.mkdir()
    link.symlink_to(file)
    assert cutover(link, url).lives_at.endswith(f"#{NAME}")
    assert cutover(file, url).outcome == "already"
    assert cutover(link, url, back=True).lives_at == str(file)
    assert link.is_symlink()


def test_a_damaged_store_of_another_document_keeps_none_from_coming_back(
    file: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor from being brought to its end, where it was cut off behind its switch; a damaged one of its own does."""
    broken = file.parent / ".chatdoc" / f"{'0' * 26}.sqlite3"
    broken.write_bytes(b"damaged" * 1000)
    serve = DatabaseSide.serve

    def cut_off(*_: object) -> None:
        raise StoreError("the connection is lost")

    monkeypatch.setattr(DatabaseSide, "serve", cut_off)
    with pytest.raises(StoreError, match="connection is lost"):
        cutover(file, url)
    monkeypatch.setattr(DatabaseSide, "serve", serve)
    assert cutover(file, url).outcome == "finished"
    assert cutover(file, url, back=True).outcome == "moved"
    assert broken.read_bytes() == b"damaged" * 1000
    cutover(file, url)
    (own,) = (one for one in broken.parent.glob("*.sqlite3") if one != broken)
    own.write_bytes(b"damaged" * 1000)
    with pytest.raises(StoreError, match=own.name):
        cutover(file, url, back=True)


@pytest.mark.parametrize("way", ["forth", "back"])
def test_who_cannot_let_the_other_side_serve_is_told_that_it_has_moved(
    file: Path, url: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The disk is full, say, when the text is to be written: what went wrong alone would not tell where it is now."""
    if way == "back":
        cutover(file, url)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    side = DatabaseSide if way == "forth" else FileSide
    monkeypatch.setattr(side, "serve", full)
    with pytest.raises(StoreError, match=r"has moved to .* not served there yet: No space left") as told:
        cutover(file, url, back=way == "back")
    assert "cutover` again" in told.value.hint
    monkeypatch.undo()
    assert cutover(file, url, back=way == "back").outcome == "finished"
    with open_document(file if way == "back" else f"{url}#{NAME}") as doc:
        doc.send(doc.threads()[0].thread_id, sender_id="eve", content="afterwards")


def test_a_database_that_is_lost_at_any_commit_leaves_one_place_and_says_what_to_do(
    postgres: Cluster, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It spoke of a command with an id; and a store without an address was left behind, which nobody found again."""
    commit, left, hints = Session.commit, -1, list[str]()

    def cut(session: Session, *given: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            postgres.say(f"SELECT pg_terminate_backend({session._pg.backend_pid}, 5000)")
        commit(session, *given)

    monkeypatch.setattr(Session, "commit", cut)
    for places in count(1):
        file = tmp_path / f"{places}.chat"
        with open_document(file) as doc:
            doc.create_thread(sender_id="ada", content="Hello")
        left = places
        try:
            cutover(file, url)
        except StoreError as error:
            hints.append(error.hint)
        else:
            assert left > 0, "a COMMIT that was cut is told of"
            break
        left = -1
        assert cutover(file, url).lives_at.endswith(f"#{file.name}")
        with open_store(url) as store:
            assert [one.is_served for one in store.stored.all() if one.name == file.name] == [True]
    assert len(hints) > 5
    assert all("cutover` again" in hint for hint in hints)
