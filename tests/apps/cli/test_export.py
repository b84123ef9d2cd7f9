"""`chatdoc export` writes other formats and changes nothing in the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden


@pytest.mark.parametrize("name", ["v2", "legacy", "cocalc", "jupyter", "markdown"])
def test_golden_text_in_each_format(chatdoc: Run, legacy: Path, golden: Golden, name: str) -> None:
    """A legacy chat is exported without being migrated first."""
    before = legacy.read_bytes()
    done = chatdoc("export", legacy.name, "--to", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert legacy.read_bytes() == before
    golden(ERAS / f"export-{name}.txt", done.stdout.encode())


def test_file_and_standard_output_hold_the_same_bytes(chatdoc: Run, legacy: Path, tmp_path: Path) -> None:
    """`-o` writes what would have been printed."""
    printed = chatdoc("export", legacy.name, "--to", "markdown").stdout
    done = chatdoc("export", legacy.name, "--to", "markdown", "-o", "out.md", "--json")
    value = json.loads(done.stdout)
    assert list(value) == ["ok", "file", "format", "bytes", "out"]
    assert (tmp_path / "out.md").read_text(encoding="utf-8") == printed
    assert value["bytes"] == len(printed.encode())


def test_an_export_never_replaces_its_own_document(chatdoc: Run, legacy: Path) -> None:
    """Writing over FILE is misuse."""
    before = legacy.read_bytes()
    assert chatdoc("export", legacy.name, "--to", "markdown", "-o", legacy.name).returncode == 2
    assert legacy.read_bytes() == before


def test_a_lost_file_is_not_exported_and_its_way_back_is_named(
    chatdoc: Run, legacy: Path, tmp_path: Path
) -> None:
    """The error says with which command its text comes back; of what was never there nothing can be said: misuse."""
    assert chatdoc("open", legacy.name).returncode == 0
    legacy.unlink()
    done = chatdoc("export", legacy.name, "--to", "markdown", "-o", "out.md")
    assert done.returncode == 1
    assert f"Its text can be recovered: chatdoc recover {legacy.name}" in done.stderr
    assert not (tmp_path / "out.md").exists()
    assert chatdoc("recover", legacy.name).returncode == 0
    assert chatdoc("export", legacy.name, "--to", "markdown").returncode == 0
    assert chatdoc("export", "nowhere.chat", "--to", "markdown").returncode == 2


def test_a_missing_format_is_told_with_those_there_are(chatdoc: Run, legacy: Path) -> None:
    """One a line, and nothing in them is taken for a character that steers a terminal."""
    done = chatdoc("export", legacy.name)
    assert done.returncode == 2
    assert "Choose from:" in done.stderr
    assert "\N{REPLACEMENT CHARACTER}" not in done.stderr
    assert "  jupyter" in done.stderr


def test_an_unknown_format_is_misuse(chatdoc: Run, legacy: Path) -> None:
    """Only the formats there are can be asked for."""
    assert chatdoc("export", legacy.name, "--to", "word").returncode == 2
