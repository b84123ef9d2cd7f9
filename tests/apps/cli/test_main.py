"""The command line explains itself, and knows its version."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

from chatdoc.apps.cli.main import COMMANDS as TABLE
from tests.apps.cli.conftest import Run
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


def test_an_unknown_command_is_misuse(chatdoc: Run) -> None:
    """A command that does not exist ends with status 2."""
    assert chatdoc("explode").returncode == 2
