"""The command line explains itself, and knows its version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import click
import pytest

from chatdoc.apps.cli.main import COMMANDS as TABLE
from tests import forked
from tests.apps.cli.conftest import ERAS, Run
from tests.tidy.source import PROJECT

COMMANDS = [
    "open",
    "check",
    "migrate",
    "rollback",
    "recover",
    "forget",
    "export",
    "status",
    "log",
    "replay",
    "snapshot",
    "projections status",
    "projections rebuild",
    "projections compact",
    "fuzz",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(chatdoc: Run, command: str) -> None:
    """`--help` of each command names `--json`."""
    done = chatdoc(*command.split(), "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout


@pytest.mark.parametrize(
    "command", [[name, "--help"] for name in TABLE] + [["check", str(ERAS / "team.sage-chat")]]
)
def test_a_command_begun_afresh_prints_the_same(chatdoc: Run, tmp_path: Path, command: list[str]) -> None:
    """Each command loads all it needs; that the tests fork processes which have loaded it changes nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "chatdoc.apps.cli.main", *command],
        cwd=tmp_path,
        env=forked.ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    other = chatdoc(*command)
    assert (done.returncode, done.stdout, done.stderr) == (other.returncode, other.stdout, other.stderr)
    assert done.stdout


@pytest.mark.parametrize("name", TABLE)
def test_each_line_of_the_table_is_what_the_command_says_of_itself(name: str) -> None:
    """The command has this name, and its help begins with the line that the list of commands has for it."""
    module, _, attribute = TABLE[name].home.partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    assert command.name == name
    assert TABLE[name].summary == command.get_short_help_str(limit=1000)


def test_the_list_of_commands_loads_none_of_them() -> None:
    """`--help` shows every command, and imports neither rich nor pycrdt nor SQLite."""
    program = (
        "import sys; from chatdoc.apps.cli.main import main; main(['--help'], standalone_mode=False);"
        "print('loaded:', *sorted({'rich', 'pycrdt', 'sqlite3', 'chatdoc.document'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    *shown, loaded = done.stdout.splitlines()
    assert loaded.split() == ["loaded:"]
    assert [line.split()[0] for line in shown if line[:2] == "  " and line[2:3].isalpha()][-len(TABLE) :] == [
        *TABLE
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["open", "nowhere.chat"], "nowhere.chat"),
        (["log", "."], "directory"),
        (["check", "--wrong", "."], "--wrong"),
        (["fuzz", "--steps", "many"], "many"),
        (["search"], "QUERY"),
        (["projections", "status"], "FILE"),
        (["nothing"], "nothing"),
    ],
)
def test_misuse_is_told_in_json_too(chatdoc: Run, arguments: list[str], names: str) -> None:
    """Status 2 comes with one JSON value on standard output where JSON is asked for, as every other status does."""
    done = chatdoc(*arguments, "--json")
    assert done.returncode == 2
    [line] = done.stdout.splitlines()
    said = json.loads(line)
    assert list(said) == ["ok", "error", "hint", "kind"]
    assert (said["ok"], said["kind"]) == (False, "Misuse")
    assert names in said["error"]
    assert "--help" in said["hint"]
    assert names in done.stderr
    assert chatdoc(*arguments).stdout == ""


@pytest.mark.parametrize("group", ["projections", "ledger", "dual"])
def test_a_group_of_commands_says_all_of_each(chatdoc: Run, group: str) -> None:
    """No line of what its commands do is cut off."""
    assert "..." not in chatdoc(group, "--help").stdout.partition("Commands:")[2]


def test_a_name_is_found_where_the_system_knows_ascii_alone(tmp_path: Path) -> None:
    """A locale without UTF-8 spells no ü; a file called so is opened, backed up and rolled back all the same."""
    path = tmp_path / "ü.sage-chat"
    source = (ERAS / "team.sage-chat").read_bytes()
    path.write_bytes(source)
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in ("open", "log", "check", "rollback"):
        done = subprocess.run(
            [sys.executable, "-m", "chatdoc.apps.cli.main", command, path],
            env=plain, cwd=tmp_path, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
    assert path.read_bytes() == source
    assert [one.name for one in (tmp_path / ".chatdoc" / "backups").iterdir()] == [
        f"ü.sage-chat.{sha256(source).hexdigest()[:16]}"
    ]


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    """As the README says."""
    for words, at, wanted in (
        ("chatdoc rec", 1, "plain,recover"),
        ("chatdoc export --re", 2, "plain,--redact"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", "from chatdoc.apps.cli.main import main; main(prog_name='chatdoc')"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(PROJECT),
                "_CHATDOC_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(at),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines() == [wanted], done.stderr


def test_an_unknown_command_is_misuse(chatdoc: Run) -> None:
    """A command that does not exist ends with status 2."""
    assert chatdoc("explode").returncode == 2


def test_a_full_disk_behind_standard_output_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    """The error would go there as JSON, too."""
    (tmp_path / "a.chat").write_bytes(b"")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chatdoc.apps.cli.main", "check", "a.chat", "--json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "error: [Errno 28] No space left on device\n")
