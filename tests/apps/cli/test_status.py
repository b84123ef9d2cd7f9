"""`chatdoc status` shows what a store holds, and makes none."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden


def test_golden_text_after_one_migration(chatdoc: Run, legacy: Path, golden: Golden) -> None:
    """The migrated document is listed."""
    assert chatdoc("open", legacy.name).returncode == 0
    done = chatdoc("status")
    assert (done.returncode, done.stderr) == (0, "")
    golden(ERAS / "status.txt", done.stdout.encode())


def test_a_folder_without_a_store_stays_without_one(chatdoc: Run, tmp_path: Path) -> None:
    """Looking creates nothing."""
    done = chatdoc("status", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["documents"] == []
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_no_utf_8_are_listed(chatdoc: Run, legacy: Path) -> None:
    """One such name hides none of the others, as text and as JSON."""
    odd = legacy.rename(legacy.with_name(os.fsdecode(b"odd\xff.chat")))
    assert chatdoc("open", odd.name).returncode == 0
    done = chatdoc("status", "--json")
    assert json.loads(done.stdout)["documents"][0]["path"] == "odd\\xff.chat"
    assert "odd\\xff.chat" in chatdoc("status").stdout
