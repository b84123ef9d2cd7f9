"""What a save displaces at the very last moment is taken, or given its place back; nothing of it is lost unseen."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatdoc import Document, open_document, rollback
from chatdoc.engine import chat_file, displaced_file
from chatdoc.model.errors import (
    ChatdocError,
    FileReplaced,
    NewerEdits,
    ReadOnlyTarget,
    StoreError,
    UnreadableFile,
)
from chatdoc.store import atomic_file
from chatdoc.testing.interrupts import interrupted
from tests.open.test_looks import written_by_hand
from tests.open.test_rollback import SOURCE

NO_CHAT = b"\x00\x01 a table of somebody else\n"


def overtake(patch: pytest.MonkeyPatch, meanwhile: Callable[[Path], object], where: Any = chat_file) -> None:
    """Let something happen once a text is made, and before it takes the file's place."""
    real, left = where.replace_atomically, [meanwhile]

    def replace(path: Path, *given: Any, **named: Any) -> Any:
        if left:
            left.pop()(path)
        return real(path, *given, **named)

    patch.setattr(where, "replace_atomically", replace)


def unsaved(path: Path) -> Document:
    """A document whose file lacks its last message."""
    document = open_document(path)
    thread = document.create_thread(sender_id="ada", content="Hello")
    document.save()
    document.send(thread.thread_id, sender_id="bob", content="ours")
    return document


def contents(document: Document) -> list[str]:
    """What is said in its one thread."""
    return [one.content for one in document.messages(document.threads()[0].thread_id)]


@pytest.mark.parametrize(("what", "error"), [("chat", FileReplaced), ("no chat", UnreadableFile)])
def test_another_file_that_came_last_has_its_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, error: type[ChatdocError]
) -> None:
    """Its bytes and its permission bits: the save is refused, and the document goes to another place."""
    path, other = tmp_path / "team.chat", tmp_path / "other.chat"
    with open_document(other) as theirs:
        theirs.create_thread(sender_id="eve", content="theirs")
    if what == "no chat":
        other.write_bytes(NO_CHAT)
    other.chmod(0o600)
    bytes_of_theirs = other.read_bytes()
    with unsaved(path) as document:
        overtake(monkeypatch, other.rename)
        with pytest.raises(error):
            document.save()
        assert path.read_bytes() == bytes_of_theirs
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(error):
            document.save()
        assert document.save(to=tmp_path / "ours.chat")
    assert path.read_bytes() == bytes_of_theirs
    with open_document(tmp_path / "ours.chat") as document:
        assert contents(document) == ["Hello", "ours"]


def test_what_came_after_another_file_keeps_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older of two strangers does not come back over the newer one."""
    path = tmp_path / "team.chat"
    with unsaved(path) as document:
        overtake(monkeypatch, lambda place: place.write_bytes(NO_CHAT))
        overtake(monkeypatch, lambda place: place.write_bytes(NO_CHAT * 2), displaced_file)
        with pytest.raises(UnreadableFile):
            document.save()
        assert path.read_bytes() == NO_CHAT * 2
        path.unlink()


@pytest.mark.parametrize("moment", ["noted", "entered"])
def test_an_edit_that_could_not_be_stored_is_taken_by_the_next_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The store fails once, when the text is noted, or when the edit that it displaced is entered."""
    path = tmp_path / "team.chat"
    with unsaved(path) as document:
        overtake(monkeypatch, lambda _: path.write_bytes(written_by_hand(path.read_bytes(), "theirs")))
        with monkeypatch.context() as patch:
            if moment == "noted":
                patch.setattr(chat_file.ChatFile, "_note", refuse)
            else:
                patch.setattr(document.engine, "enter", refuse)
            with pytest.raises(StoreError, match="planted"):
                document.save()
        assert document.save()
        assert contents(document) == ["Hello", "ours", "theirs"]
    with open_document(path) as document:
        assert contents(document) == ["Hello", "ours", "theirs"]


def refuse(*_: object, **__: object) -> None:
    """Fail as a store does."""
    raise StoreError("planted: the disk is full", hint="Make room")


@pytest.mark.parametrize("leave", ["deleted", "moved"])
def test_a_file_that_goes_while_it_is_saved_is_not_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: str
) -> None:
    """As one that went before; what the document says is in its store, and goes to another place."""
    path = tmp_path / "team.chat"
    with unsaved(path) as document:
        overtake(
            monkeypatch,
            os.unlink if leave == "deleted" else lambda place: place.rename(tmp_path / "elsewhere.chat"),
        )
        assert not document.save()
        assert not path.exists()
        assert document.file_state == leave
    assert not path.exists()


def test_a_rollback_gives_an_edit_its_place_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes between looking for edits and writing the old bytes; unless edits are to be discarded."""
    path = tmp_path / "old.chat"
    path.write_bytes(SOURCE)
    with open_document(path) as document:
        assert contents(document) == ["Hi"]
    edited = written_by_hand(path.read_bytes(), "theirs")
    overtake(monkeypatch, lambda _: path.write_bytes(edited), rollback)
    with pytest.raises(NewerEdits, match="another program"):
        rollback.rollback(path)
    assert path.read_bytes() == edited
    with open_document(path) as document:
        assert contents(document) == ["Hi", "theirs"]


def test_an_interrupt_while_files_change_places_loses_no_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two bytecodes: what was displaced has its place back, or is held until it is taken."""
    path, real, said = tmp_path / "team.chat", atomic_file._take_place, ["Hello", "ours"]
    came: list[int] = []

    def take_place(*given: Any) -> None:
        is_done = False
        with interrupted(after, rooms=PLACES):
            real(*given)
            is_done = True
        if not is_done:
            came.append(after)
            raise KeyboardInterrupt

    with unsaved(path) as document:
        thread_id = document.threads()[0].thread_id
        for after in range(1, 400, 5):
            document.send(thread_id, sender_id="bob", content=f"ours {after}")
            edited = written_by_hand(path.read_bytes(), f"theirs {after}").replace(
                b"01HF7YAT00ZZZZZZZZZZZZZZZZ", b"01HF7YAT00%016d" % after
            )
            with monkeypatch.context() as patch:
                overtake(patch, lambda place, edited=edited: place.write_bytes(edited))  # type: ignore[misc]
                patch.setattr(atomic_file, "_take_place", take_place)
                with contextlib.suppress(KeyboardInterrupt):
                    document.save()
            document.save()
            said += [f"ours {after}", f"theirs {after}"]
        assert len(came) > 40, "else hardly anything was interrupted"
        assert sorted(contents(document)) == sorted(said)
    with open_document(path) as document:
        assert sorted(contents(document)) == sorted(said)
    assert not list(tmp_path.glob("*.tmp"))


def test_a_folder_that_came_last_has_its_place_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes between looking and changing places; it was hidden under the temporary name, and no save went on."""
    path, real = tmp_path / "team.chat", atomic_file._take_place
    with unsaved(path) as document:

        def take_place(*given: Any) -> None:
            path.rename(tmp_path / "kept.chat")
            path.mkdir()
            (path / "inside").touch()
            real(*given)

        with monkeypatch.context() as patch:
            patch.setattr(atomic_file, "_take_place", take_place)
            with pytest.raises(ReadOnlyTarget, match="not a regular file"):
                document.save()
        assert (path / "inside").exists()
        (path / "inside").unlink()
        path.rmdir()
        (tmp_path / "kept.chat").rename(path)
        assert document.save()
    with open_document(path) as document:
        assert contents(document) == ["Hello", "ours"]
    assert not list(tmp_path.glob("*.tmp"))


PLACES = ("chatdoc.store.atomic_file", "chatdoc.store.exchange_rename", "chatdoc.engine.displaced_file")
