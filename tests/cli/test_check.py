"""`chatdoc check` writes nothing and names every broken promise."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import ERAS, Run
from tests.conftest import Golden

BROKEN = """\
{"event":"document","document_id":"01JAAAAAAAAAAAAAAAAAAAAAAA","schema_version":2}
{"event":"thread","thread_id":"01JAAAAAAAAAAAAAAAAAAAAAA1","created_at":"2025-01-01T00:00:00.000Z","created_by":"ada",\
"root_message_id":"01JAAAAAAAAAAAAAAAAAAAAAA2","schema_version":2}
"""
"""A thread whose root message is nowhere."""


def test_golden_text_of_a_clean_check(chatdoc: Run, legacy: Path, golden: Golden) -> None:
    """A legacy chat is checked as it is."""
    done = chatdoc("check", legacy.name)
    assert (done.returncode, done.stderr) == (0, "")
    golden(ERAS / "check.txt", done.stdout.encode())


def test_check_writes_nothing(chatdoc: Run, legacy: Path, tmp_path: Path) -> None:
    """Neither the file nor its folder changes."""
    before = legacy.read_bytes()
    chatdoc("check", legacy.name)
    assert legacy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [legacy.name]


def test_violations_end_with_status_1(chatdoc: Run, tmp_path: Path) -> None:
    """A thread without its root is named with the code of the rule."""
    (tmp_path / "broken.chat").write_text(BROKEN, encoding="utf-8")
    shown, told = chatdoc("check", "broken.chat"), chatdoc("check", "broken.chat", "--json")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert "missing_root" in shown.stdout
    value = json.loads(told.stdout)
    assert list(value) == ["ok", "file", "integrity"]
    assert "missing_root" in [violation["code"] for violation in value["integrity"]["violations"]]
