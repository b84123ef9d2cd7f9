"""`chatdoc rollback` gives the old bytes back, and throws no edit away unasked."""

from __future__ import annotations

import json
from pathlib import Path

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
