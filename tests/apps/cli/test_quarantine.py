"""`chatdoc quarantine` lists the lines that nobody could read, and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.apps.cli.conftest import Run


def test_damaged_lines_are_listed_with_their_reason(chatdoc: Run, legacy: Path) -> None:
    """Before and after the file was migrated they are the same; the draft is listed when all is asked for."""
    before = legacy.read_bytes()
    first = json.loads(chatdoc("quarantine", legacy.name, "--json").stdout)
    assert legacy.read_bytes() == before
    assert list(first) == ["ok", "file", "lines"]
    assert [(one["kind"], one["reason"]) for one in first["lines"]] == [("line", "no JSON")]
    assert first["lines"][0]["text"].encode() in before
    every = json.loads(chatdoc("quarantine", legacy.name, "--all", "--json").stdout)
    assert len(every["lines"]) > 1
    chatdoc("open", legacy.name)
    assert json.loads(chatdoc("quarantine", legacy.name, "--json").stdout)["lines"] == first["lines"]
    assert "1 line kept word for word" in chatdoc("quarantine", legacy.name).stdout


def test_a_clean_chat_has_none(chatdoc: Run, tmp_path: Path) -> None:
    """And says so, with status 0."""
    (tmp_path / "empty.chat").touch()
    done = chatdoc("quarantine", "empty.chat")
    assert (done.returncode, done.stdout) == (0, "0 lines kept word for word\n")
