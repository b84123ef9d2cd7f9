"""`chatdoc check` writes nothing and names every broken promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pycrdt import Doc, Map

from chatdoc.crdt.keys import encode
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.open import open_document
from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden

A, B = "01JAAAAAAAAAAAAAAAAAAAAAA1", "01JAAAAAAAAAAAAAAAAAAAAAA2"


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
    """A message that a peer placed in a thread nobody knows is named with the code of the rule."""
    peer = Doc[Any](client_id=7)
    fact = Header(
        message_id=MessageId(A), thread_id=ThreadId(B), sender_id="eve", date="2025-01-01T00:00:00.000Z"
    )
    root, key, text = encode(fact)
    peer.get(root, type=Map[str])[key] = text
    with open_document(tmp_path / "team.chat") as document:
        document.receive(peer.get_update(), origin="eve")
    shown, told = chatdoc("check", "team.chat"), chatdoc("check", "team.chat", "--json")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert "orphan_message" in shown.stdout
    value = json.loads(told.stdout)
    assert list(value) == ["ok", "file", "report", "integrity"]
    assert [one["code"] for one in value["integrity"]["violations"]] == ["orphan_message"]
