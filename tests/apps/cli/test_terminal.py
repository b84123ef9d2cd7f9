"""What is printed steers no terminal, and errors keep their hint apart."""

from __future__ import annotations

import os
import sys
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from rich.text import Text

from chatdoc.apps.cli.terminal import console, line, print_json, reason, safe, show, spelled, table
from chatdoc.model.errors import ChatdocError


def test_escape_sequences_and_line_ends_never_reach_the_terminal() -> None:
    """A message may hold anything; printed, it is one harmless line."""
    assert line("a\x1b[2Jb\r\nc\u202ed\ud800").plain == "a\ufffd[2Jb c\ufffdd\ufffd"


def test_joined_emoji_stay_whole() -> None:
    """The joiner that makes one picture of several is no control of the terminal."""
    assert safe("👩\u200d🔬") == "👩\u200d🔬"


def test_long_titles_end_with_an_ellipsis() -> None:
    """A cut title has the length asked for, the ellipsis included."""
    assert line("word " * 20, 12).plain == "word word w…"
    assert line("word", 12).plain == "word"


def test_a_table_that_a_narrow_screen_would_fold_is_shown_row_by_row() -> None:
    """On 40 columns every cell is beside its heading and can be read; on a screen where all fits it is a table."""
    grid = table("file", "text", "updates", "store", numbers=("updates",), whole=("store",))
    grid.add_row("a-long-name-of-a-file.sage-chat", "as published", "1", "0000000000W31X7FB2AH1P4SN5")
    grid.add_row("b.chat", "", "12", "01M8NCPD71NEXMX24ZRT3HFXDM")
    screen = Console(file=StringIO(), width=40, force_terminal=True, no_color=True, highlight=False)
    with screen.capture() as captured:
        show(screen, grid)
    assert [line.rstrip() for line in Text.from_ansi(captured.get()).plain.splitlines()] == [
        "file     a-long-name-of-a-file.sage-chat",
        "text     as published",
        "updates  1",
        "store    0000000000W31X7FB2AH1P4SN5",
        "",
        "file     b.chat",
        "updates  12",
        "store    01M8NCPD71NEXMX24ZRT3HFXDM",
    ]
    small = table("file", "updates")
    small.add_row("b.chat", "12")
    with screen.capture() as captured:
        show(screen, small)
    assert "file     updates" in Text.from_ansi(captured.get()).plain


def test_what_no_terminal_reads_is_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A long name is found by grep, and a row is one line for whatever reads it."""
    grid = table("file", "why")
    grid.add_row("a" * 100, "b" * 100)
    show(console(), grid)
    assert f"{'a' * 100}   {'b' * 100}" in capsys.readouterr().out.splitlines()


def test_hint_is_apart_from_the_message() -> None:
    """The message does not repeat its hint."""
    assert reason(ChatdocError("no such thread", hint="List them")) == ("no such thread", "List them")
    assert reason(ChatdocError("no such thread")) == ("no such thread", "")


def test_errors_of_the_disk_name_the_file() -> None:
    """An OSError is shown as what the system said, and of which file."""
    assert reason(FileNotFoundError(2, "No such file", "a.chat")) == ("No such file: a.chat", "")


def test_paths_that_are_no_utf_8_can_be_printed() -> None:
    """A path of any bytes becomes a text that UTF-8 can carry."""
    assert spelled(Path(os.fsdecode(b"caf\xe9.chat"))) == "caf\\xe9.chat"


def test_json_can_hold_a_name_that_is_no_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    """It is spelled as in a table, at any depth."""
    print_json({"files": [{"path": os.fsdecode(b"caf\xe9.jsonl"), "lines": 3}]}, indent=0)
    assert msgspec.json.decode(capsys.readouterr().out) == {"files": [{"path": "caf\\xe9.jsonl", "lines": 3}]}


def test_a_program_without_standard_output_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a service or a cron job may start it."""
    monkeypatch.setattr(sys, "stdout", None)
    show(console(), "anything", table("a heading"))


def test_a_current_folder_that_is_gone_is_named_as_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a relative path the system says only that something is not there, and not what."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(FileNotFoundError) as raised:
        os.path.realpath("one.chat")
    assert reason(raised.value) == (
        "the current folder is not there any more",
        "Change into a folder that is there",
    )
