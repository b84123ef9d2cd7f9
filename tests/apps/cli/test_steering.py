"""No character of a document, of an argument or of a file's name steers the terminal, whatever command prints it."""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.apps.cli.terminal import steers
from tests.apps.cli.conftest import Run
from tests.tidy.source import PROJECT

STEERING = "\x1b]0;owned\x07\x9b31m\x7f\u202eevil\u2066\u200f\x00"
"""A title that is set, a colour by C1, a direction that turns, and more."""


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A chat whose texts, names and senders hold such characters, and whose file's name does."""
    path = tmp_path / "a\x1b[2J\u202eb.chat"
    with open_document(path) as doc:
        begun = doc.create_thread(
            sender_id=f"ada{STEERING}", content=f"text {STEERING}", name=f"name {STEERING}"
        )
        with doc.start_turn(begun.thread_id, sender_id=f"codex{STEERING}") as turn:
            turn.append(f"answer {STEERING}")
            turn.finalize()
    return path


def assert_calm(text: str) -> None:
    """Nothing in what was printed steers a terminal."""
    found = {character for character in text if character not in "\n\r" and steers(character)}
    assert found == set()


COMMANDS = [
    ["open"], ["check"], ["export", "--to", "markdown"], ["log"], ["rollback"], ["migrate"],
    ["export", "--to", "v2", "-o", "out\x1b[2J.chat"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_no_command_prints_what_steers(
    chatdoc: Run, hostile: Path, command: list[str], as_json: bool
) -> None:
    """Neither in texts for people nor in JSON, which stays equal, nor in errors."""
    done = chatdoc(*command, hostile, *(["--json"] if as_json else []))
    assert done.stdout or done.stderr
    assert_calm(done.stdout + done.stderr)
    if as_json and command[0] in ("open", "check", "migrate"):
        assert json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize("command", ["status", "snapshot"])
def test_no_command_on_a_folder_prints_what_steers(chatdoc: Run, hostile: Path, command: str) -> None:
    """Nor do those that show a folder."""
    for arguments in ([], ["--json"]):
        done = chatdoc(command, hostile.parent, *arguments)
        assert done.returncode == 0, done.stderr
        assert_calm(done.stdout + done.stderr)


@pytest.mark.parametrize(
    "arguments",
    [["open", "no\x1b[2J.chat"], ["op\x1ben"], ["open", "--\x9b31m"], ["export", "x.chat", "--to", "\x1b"]],
)
def test_misuse_is_told_calmly(chatdoc: Run, tmp_path: Path, arguments: list[str]) -> None:
    """What was typed is shown, and not obeyed; the status is 2."""
    (tmp_path / "x.chat").touch()
    done = chatdoc(*arguments)
    assert done.returncode == 2
    assert_calm(done.stdout + done.stderr)


@pytest.mark.parametrize("name", ["v2", "legacy", "cocalc", "jupyter", "markdown"])
def test_an_export_on_a_terminal_is_calm(hostile: Path, name: str) -> None:
    """Printed on a terminal, every format has escapes or marks; JSON says the same as in a file."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "chatdoc.apps.cli.main", "export", "--to", name, str(hostile)]
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.Popen(command, stdout=other, stderr=subprocess.PIPE, env=environment)
    os.close(other)
    printed = b""
    try:
        while chunk := os.read(main, 65_536):
            printed += chunk
    except OSError:
        pass
    finally:
        os.close(main)
    assert done.communicate()[1] == b""
    assert done.returncode == 0
    assert_calm(printed.decode())
    if name in ("legacy", "cocalc"):
        texts = [
            json.loads(line)["history"][0]["content"] for line in printed.splitlines() if b"answer" in line
        ]
        assert texts == [f"answer {STEERING}"]


def test_json_of_an_export_that_is_no_utf_8_is_whole(chatdoc: Run, tmp_path: Path) -> None:
    """Bytes that no text can carry are spelled out, and the bytes themselves are there too."""
    bad = b'{"event":"draft","date":0,"input":"\xff\xfe"}'
    (tmp_path / "x.chat").write_bytes(b'{"event":"chat","date":1,"sender_id":"a","history":[]}\n' + bad)
    done = chatdoc("export", "x.chat", "--to", "legacy", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    raw = base64.b64decode(value["base64"])
    assert bad in raw.split(b"\n")
    assert "\\xff\\xfe" in value["text"]
    assert value["bytes"] == len(raw)
