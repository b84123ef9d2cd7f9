"""The command line explains itself, and knows its version."""

from __future__ import annotations

import pytest

from tests.apps.cli.conftest import Run

COMMANDS = [
    "open",
    "check",
    "migrate",
    "rollback",
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


def test_an_unknown_command_is_misuse(chatdoc: Run) -> None:
    """A command that does not exist ends with status 2."""
    assert chatdoc("explode").returncode == 2
