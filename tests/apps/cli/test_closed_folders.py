"""Commands that walk a folder say which folder they could not look at, and end with status 1; the rest is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apps.cli.conftest import Run
from tests.closed_folder import close_below
from tests.open.chats import furnish
from tests.postgres_cluster import Cluster
from tests.tidy.source import PROJECT

COMMANDS = (
    ["status"],
    ["recover", "."],
    ["compact"],
    ["snapshot"],
    ["migrate", "."],
    ["search", "Hello"],
    ["import", "."],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_folder_that_cannot_be_read_is_named(chatdoc: Run, tmp_path: Path, command: list[str]) -> None:
    """In words and as JSON."""
    furnish(tmp_path / "a.chat")
    name = close_below(tmp_path).relative_to(tmp_path).as_posix()
    done = chatdoc(*command)
    assert done.returncode == 1
    assert "cannot be read" in done.stdout or "too long" in done.stdout
    done = chatdoc(*command, "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)
    assert name in done.stdout


def test_a_push_names_it(chatdoc: Run, tmp_path: Path, postgres: Cluster) -> None:
    """And copies what lies beside it."""
    furnish(tmp_path / "closed-beside.chat")
    name = close_below(tmp_path).relative_to(tmp_path).as_posix()
    url = postgres.url("chats")
    done = chatdoc("push", ".", "--store", url)
    assert done.returncode == 1
    assert "copied   closed-beside.chat (" in done.stdout
    assert f"cannot be read: {name}: File name too long" in done.stdout
    told = json.loads(chatdoc("push", ".", "--store", url, "--json").stdout)
    assert (told["ok"], [one["path"] for one in told["unreadable"]]) == (False, [name])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, command: list[str]) -> None:
    """By who has not root's leave to pass over permissions."""
    setpriv = shutil.which("setpriv")
    if setpriv is None and os.geteuid() == 0:
        pytest.skip("setpriv is not installed, and root may read everything")
    furnish(tmp_path / "a.chat")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    drop = [setpriv, "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 and setpriv else []
    done = subprocess.run(
        [*drop, sys.executable, "-m", "chatdoc.apps.cli.main", *command],
        cwd=tmp_path, env={"PYTHONPATH": str(PROJECT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert "closed" in done.stdout
