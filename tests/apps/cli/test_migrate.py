"""`chatdoc migrate` goes through folders, past bad files, and sums up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden
from tests.open.chats import jupyter


@pytest.fixture
def folder(tmp_path: Path, legacy: Path) -> Path:
    """A tree with a legacy chat, an empty one that is hidden, a picture with the name of a chat, and a torn chat."""
    rooms = tmp_path / "rooms"
    (rooms / "deep").mkdir(parents=True)
    shutil.move(legacy, rooms / "team.sage-chat")
    (rooms / "deep" / ".notes.py.sage-chat").touch()
    (rooms / "picture.chat").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 5)
    (rooms / "torn.chat").write_bytes(b'{\n  "messages": [\n    {"body": "x", "sender": "ada"')
    return rooms


def test_golden_text_of_a_tree_with_a_bad_file(chatdoc: Run, folder: Path, golden: Golden) -> None:
    """The bad file is named with its reason, the others are migrated, and the status is 1."""
    done = chatdoc("migrate", folder.name)
    assert (done.returncode, done.stderr) == (1, "")
    golden(ERAS / "migrate.txt", done.stdout.encode())


def test_second_run_changes_nothing(chatdoc: Run, folder: Path) -> None:
    """What is up to date is not written again."""
    (folder / "picture.chat").unlink()
    (folder / "torn.chat").unlink()
    first = json.loads(chatdoc("migrate", folder.name, "--json").stdout)
    texts = {path: path.read_bytes() for path in folder.rglob("*chat") if path.is_file()}
    done = chatdoc("migrate", folder.name, "--json")
    second = json.loads(done.stdout)
    assert done.returncode == 0
    assert first["counts"] == {"migrated": 1, "up to date": 1}
    assert second["counts"] == {"up to date": 2}
    assert texts == {path: path.read_bytes() for path in folder.rglob("*chat") if path.is_file()}


def test_files_of_other_programs_are_no_failures(chatdoc: Run, folder: Path) -> None:
    """What is called like a chat and is none is told apart and left alone, so that a whole home can be migrated."""
    (folder / "torn.chat").unlink()
    (folder / "notes.chat").write_text("SECRET=hunter2\n" * 3)
    (folder / "data.chat").write_text('{"messages": [{"role": "user", "content": "hunter2"}]}')
    done = chatdoc("migrate", folder.name)
    assert done.returncode == 0
    assert "3 no chat" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_a_file_that_is_named_itself_and_is_no_chat_failed(chatdoc: Run, tmp_path: Path) -> None:
    """Whoever names one file is told by the status that it was not migrated."""
    (tmp_path / "notes.chat").write_text("hunter2\n")
    done = chatdoc("migrate", "notes.chat", "--json")
    value = json.loads(done.stdout)
    assert (done.returncode, value["ok"], value["counts"]) == (1, False, {"failed": 1})
    assert "hunter2" not in done.stdout + done.stderr


def test_chats_of_jupyterlab_are_left_alone_unless_asked_for(chatdoc: Run, tmp_path: Path) -> None:
    """Of a home that JupyterLab uses too, it can read its chats still; `open` says how one is converted."""
    path = tmp_path / "lab.chat"
    path.write_bytes(jupyter("aaaaaaaa-0000-4000-8000-000000000001", "one"))
    before = path.read_bytes()
    done = chatdoc("migrate", "lab.chat", "--json")
    assert (done.returncode, json.loads(done.stdout)["counts"]) == (0, {"left alone": 1})
    shown = chatdoc("open", "lab.chat")
    assert shown.returncode == 0
    assert "note: " in shown.stdout
    assert "chatdoc migrate --convert" in shown.stdout
    assert "open to be read only" in json.loads(chatdoc("open", "lab.chat", "--json").stdout)["read_only"]
    assert path.read_bytes() == before
    assert json.loads(chatdoc("migrate", "lab.chat", "--convert", "--json").stdout)["counts"] == {
        "migrated": 1
    }
    assert json.loads(chatdoc("open", "lab.chat", "--json").stdout)["read_only"] is None


def test_folders_of_copies_and_trash_are_left_out_unless_asked_for(chatdoc: Run, folder: Path) -> None:
    """A snapshot of a chat is migrated only where it is named, or with --all-folders."""
    for name in (".snapshots", ".ipynb_checkpoints", "node_modules", ".git", ".Trash-1000"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "deep" / "copy.chat").touch()
    few = json.loads(chatdoc("migrate", folder.name, "--dry-run", "--json").stdout)
    every = json.loads(chatdoc("migrate", folder.name, "--dry-run", "--json", "--all-folders").stdout)
    assert every["counts"]["up to date"] == few["counts"]["up to date"] + 5
    named = json.loads(chatdoc("migrate", f"{folder.name}/.snapshots", "--dry-run", "--json").stdout)
    assert named["counts"] == {"up to date": 1}


def test_dry_run_writes_nothing(chatdoc: Run, folder: Path) -> None:
    """A dry run says what would come, and leaves every folder as it was."""
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    done = chatdoc("migrate", "--dry-run", folder.name, "--json")
    value = json.loads(done.stdout)
    assert list(value) == ["ok", "dry_run", "counts", "files"]
    assert value["counts"] == {"would migrate": 1, "up to date": 1, "no chat": 1, "failed": 1}
    assert before == {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_no_path_is_misuse(chatdoc: Run) -> None:
    """Without a path there is nothing to do."""
    assert chatdoc("migrate").returncode == 2
