"""The walk finds every chat file below a folder, and nothing of the stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.cli.walk import chat_files


def found(path: Path) -> list[str]:
    """The files found below a path, relative to it; a folder that cannot be read fails the test."""

    def refuse(error: OSError) -> None:
        raise error

    return [file.relative_to(path).as_posix() for file in chat_files(path, refuse)]


def test_hidden_files_and_folders_are_found_in_order(tmp_path: Path) -> None:
    """Legacy chats lie beside their file as `.name.sage-chat`, so hidden names count like others."""
    for name in ("b.chat", ".a.py.sage-chat", "notes.txt", "deep/.hidden/c.sage-chat", "chat"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert found(tmp_path) == [".a.py.sage-chat", "b.chat", "deep/.hidden/c.sage-chat"]


def test_backups_of_a_store_are_left_alone(tmp_path: Path) -> None:
    """What lies in a `.chatdoc` folder is a backup and no chat of its own."""
    (tmp_path / ".chatdoc" / "backups").mkdir(parents=True)
    (tmp_path / ".chatdoc" / "backups" / "old.chat").touch()
    assert found(tmp_path) == []


def test_links_to_folders_end_the_walk(tmp_path: Path) -> None:
    """A link back to the top does not make the walk endless."""
    (tmp_path / "a.chat").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert found(tmp_path) == ["a.chat"]


def test_a_dangling_link_is_found_and_not_passed_over(tmp_path: Path) -> None:
    """A chat file that cannot be opened is for the command to report."""
    (tmp_path / "a.chat").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["a.chat"]


def test_a_named_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    """Only folders are searched by name."""
    file = tmp_path / "chat.jsonl"
    file.touch()
    assert list(chat_files(file, pytest.fail)) == [file]
