"""`chatdoc rollback` gives the old bytes back, and throws no edit away unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden


def test_golden_text_of_a_rollback_to_the_old_bytes(chatdoc: Run, legacy: Path, golden: Golden) -> None:
    """After opening and rolling back, the file is what it was, byte for byte."""
    before = legacy.read_bytes()
    assert chatdoc("open", legacy.name).returncode == 0
    assert legacy.read_bytes() != before
    done = chatdoc("rollback", legacy.name)
    assert (done.returncode, done.stderr) == (0, "")
    assert legacy.read_bytes() == before
    golden(ERAS / "rollback.txt", done.stdout.encode())


def test_a_file_that_was_never_migrated_has_nothing_to_roll_back(chatdoc: Run, legacy: Path) -> None:
    """Without a backup the command fails and the file stays as it is."""
    before = legacy.read_bytes()
    done = chatdoc("rollback", legacy.name, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["ok"] is False
    assert legacy.read_bytes() == before


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_lost_chat_is_rolled_back_once_it_was_recovered(
    chatdoc: Run, legacy: Path, is_folder: bool
) -> None:
    """It is said how it comes back, also where a folder has its name now; then it gets its bytes."""
    before = legacy.read_bytes()
    assert chatdoc("open", legacy.name).returncode == 0
    legacy.unlink()
    if is_folder:
        legacy.mkdir()
    done = chatdoc("rollback", legacy.name)
    assert done.returncode == 1
    assert f"`chatdoc recover {legacy}` gives the chat back" in done.stderr
    (row,) = json.loads(chatdoc("recover", legacy.name, "--json").stdout)["documents"]
    assert (row["outcome"], row["file"] == str(legacy)) == ("recovered", not is_folder)
    assert chatdoc("rollback", row["file"]).returncode == 0
    assert Path(row["file"]).read_bytes() == before
