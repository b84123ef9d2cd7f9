"""A write that failed ends neither a turn nor its document: both go on once the disk has room."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.model.errors import StoreError
from chatdoc.open import open_document
from chatdoc.testing import white_box


def test_turn_goes_on_after_a_write_that_failed(tmp_path: Path) -> None:
    """The disk was full for one command: the turn keeps its lease, and ends well."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread_id, sender_id="codex")
        turn.append("one")
        turn.flush()
        turn.append("two")
        with white_box.failing(document, "append an update"), pytest.raises(StoreError):
            turn.flush()
        with open_document(path) as again:
            assert [one.standing for one in again.agents.running()] == ["alive"]
        assert turn.finalize().content == "onetwo"
