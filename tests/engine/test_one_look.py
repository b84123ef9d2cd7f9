"""Reading asks the store once what others wrote, however much is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import open_document


def test_a_long_thread_is_read_in_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is a question to the store, which may lie on another machine."""
    with open_document(tmp_path / "team.chat") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(20):
            doc.send(thread, sender_id="ada", content=str(number))
        feed, looks = doc.engine.store.feed, 0
        changed = feed.changed

        def counted() -> bool:
            nonlocal looks
            looks += 1
            return changed()

        monkeypatch.setattr(feed, "changed", counted)
        for read in (
            lambda: doc.messages(thread),
            lambda: doc.messages(thread, limit=5),
            lambda: doc.threads(),
            lambda: doc.config(thread),
            lambda: doc.state(thread),
        ):
            looks = 0
            read()
            assert looks == 1
