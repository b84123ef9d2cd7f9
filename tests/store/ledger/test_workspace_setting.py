"""A workspace says in one file whether transcripts are kept, and a file that cannot be meant is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger.workspace_setting import SETTINGS, transcripts_folder


def say(folder: Path, text: str) -> None:
    """Writes the workspace's settings."""
    (folder / SETTINGS).parent.mkdir(exist_ok=True)
    (folder / SETTINGS).write_text(text)


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", None),
        ("[other]\nfolder = 'x'", None),
        ("[transcripts]", "."),
        ("[transcripts]\nfolder = 'archive/plan'", "archive/plan"),
        ("[transcripts]\nenabled = false\nfolder = 'archive'", None),
        ("[transcripts]\nfolder = '/srv/plan'", "/srv/plan"),
    ],
)
def test_the_folder_is_what_the_settings_say(tmp_path: Path, text: str, folder: str | None) -> None:
    """Relative to the workspace; without a file, a table or with `enabled = false` there is none."""
    assert transcripts_folder(tmp_path) is None
    say(tmp_path, text)
    assert transcripts_folder(tmp_path) == (None if folder is None else tmp_path / folder)


@pytest.mark.parametrize(
    "text",
    [
        "transcripts = 'secret'",
        "[transcripts]\nfolder = 7",
        "[transcripts]\nfolder = ''",
        "[transcripts]\nenabled = 'secret'",
        "[transcripts]\nfoldr = 'secret'",
        "secret",
    ],
)
def test_what_cannot_be_meant_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    """The file is named, and what to say instead."""
    say(tmp_path, text)
    with pytest.raises(UnreadableFile, match=r"settings\.toml") as refused:
        transcripts_folder(tmp_path)
    assert "secret" not in str(refused.value)
    assert refused.value.hint
