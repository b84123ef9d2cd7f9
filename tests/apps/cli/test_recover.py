"""`chatdoc recover` makes the text of a lost, damaged or replaced file again, and writes over nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatdoc.open import read_document
from tests.apps.cli.conftest import Run
from tests.apps.cli.office import seen
from tests.event_view.workplace import opened

GARBAGE = b"\x89PNG\r\n\x1a\n\0\0"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A chat with one thread, closed."""
    with opened(tmp_path) as document:
        document.create_thread(sender_id="ada", content="Keep this", name="Plan")
    return tmp_path / "team.chat"


def rows(chatdoc: Run, *arguments: str) -> list[dict[str, Any]]:
    """What the command says of each document; it succeeds."""
    done = chatdoc("recover", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert list(value) == ["ok", "documents"]
    found: list[dict[str, Any]] = value["documents"]
    return found


def test_a_dry_run_says_what_would_come_back_and_writes_nothing(chatdoc: Run, file: Path) -> None:
    """The lost file is named with how it stood, and neither it nor anything in the store appears or changes."""
    file.unlink()
    before = seen(file.parent)
    (row,) = rows(chatdoc, file.name, "--dry-run")
    assert list(row) == ["document_id", "was", "outcome", "file", "problem", "store"]
    assert (row["was"], row["outcome"], row["file"]) == ("deleted", "would be recovered", str(file))
    assert Path(row["store"]).parent == file.parent / ".chatdoc"
    assert seen(file.parent) == before
    assert not file.exists()
    assert "would be recovered" in chatdoc("recover", file.name, "--dry-run").stdout


def test_a_lost_file_comes_back_byte_for_byte(chatdoc: Run, file: Path) -> None:
    """Under its own name, with the same store; a second recovery finds it present."""
    text = file.read_bytes()
    file.unlink()
    (row,) = rows(chatdoc, file.name)
    assert (row["outcome"], file.read_bytes()) == ("recovered", text)
    assert [one["outcome"] for one in rows(chatdoc, file.name)] == ["present"]
    assert "thread.created" in chatdoc("log", file.name).stdout


@pytest.mark.parametrize("other", [b"", b"Notes of mine, and no chat", GARBAGE])
def test_a_file_that_got_the_number_of_a_lost_one_is_not_taken_for_it(
    chatdoc: Run, file: Path, other: bytes
) -> None:
    """A file system gives the number of a file that was deleted to the next one that is made."""
    text = file.read_bytes()
    notes = file.with_name("notes.txt")
    file.rename(notes)
    notes.write_bytes(other)
    assert [(one["was"], one["outcome"]) for one in rows(chatdoc, file.name)] == [("deleted", "recovered")]
    assert (file.read_bytes(), notes.read_bytes()) == (text, other)


def test_a_file_that_was_renamed_and_written_to_is_not_lost(chatdoc: Run, file: Path) -> None:
    """It is the same chat, whatever has come to it since."""
    renamed = file.rename(file.with_name("renamed.chat"))
    renamed.write_bytes(renamed.read_bytes() + b"\n")
    assert [(one["was"], one["outcome"]) for one in rows(chatdoc, file.name)] == [("moved", "present")]
    assert not file.exists()


def test_what_stands_under_the_name_is_not_written_over(chatdoc: Run, file: Path) -> None:
    """The text of a file that is no chat any more goes beside it, and is a chat there with its whole log."""
    text = file.read_bytes()
    file.write_bytes(GARBAGE)
    (row,) = rows(chatdoc, file.name)
    beside = Path(row["file"])
    assert beside.name == f"team.recovered-{row['document_id'][-8:]}.chat"
    assert (file.read_bytes(), beside.read_bytes()) == (GARBAGE, text)
    assert "thread.created" in chatdoc("log", beside.name).stdout


def test_a_chat_that_another_one_replaced_comes_back_beside_it(chatdoc: Run, file: Path) -> None:
    """Both are there then, each with what it says."""
    other = file.parent / "elsewhere"
    other.mkdir()
    with opened(other, seed=2) as document:
        document.create_thread(sender_id="eve", content="Another chat")
    (other / "team.chat").replace(file)
    assert chatdoc("open", file.name).returncode == 0
    found = {one["was"]: one for one in rows(chatdoc, file.name)}
    assert sorted(found) == ["present", "replaced"]
    beside = read_document(found["replaced"]["file"])
    assert [beside.config(one.thread_id).name for one in beside.threads()] == ["Plan"]
    assert [one.name for one in file.parent.glob("*.chat")].count("team.chat") == 1


def test_a_chat_whose_name_a_folder_has_now_comes_back_beside_it(chatdoc: Run, file: Path) -> None:
    """It is asked for by its old name, and the folder keeps what is in it, whose lost chats come back too."""
    text = file.read_bytes()
    file.unlink()
    file.mkdir()
    with opened(file, seed=2) as document:
        document.create_thread(sender_id="eve", content="Below")
    (file / "team.chat").unlink()
    found = {one["was"]: Path(one["file"]) for one in rows(chatdoc, file.name)}
    assert sorted(found) == ["deleted", "replaced"]
    assert found["deleted"] == file / "team.chat"
    assert (found["replaced"].parent, found["replaced"].read_bytes()) == (file.parent, text)


def test_of_a_folder_all_that_is_lost_comes_back(chatdoc: Run, file: Path) -> None:
    """What is there stays as it is, and folders below are seen to as well."""
    below = file.parent / "below"
    below.mkdir()
    with opened(below, seed=2) as document:
        document.create_thread(sender_id="eve", content="Below")
    text = (below / "team.chat").read_bytes()
    (below / "team.chat").unlink()
    found = {one["file"]: one["outcome"] for one in rows(chatdoc, ".")}
    assert found == {str(file): "present", str(below / "team.chat"): "recovered"}
    assert (below / "team.chat").read_bytes() == text


def test_a_file_that_was_never_stored_is_an_error_and_an_empty_folder_is_none(
    chatdoc: Run, tmp_path: Path
) -> None:
    """Nothing is made in either case."""
    done = chatdoc("recover", "never.chat", "--json")
    assert (done.returncode, json.loads(done.stdout)["kind"]) == (1, "NotFound")
    assert rows(chatdoc, ".") == []
    assert list(tmp_path.iterdir()) == []
