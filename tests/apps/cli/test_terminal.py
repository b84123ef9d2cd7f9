"""What is printed steers no terminal, and errors keep their hint apart."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec
import pytest

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
