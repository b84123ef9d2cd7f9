"""A snapshot stands for the updates before it, and one that does not load to the same replaces nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.crdt.ydoc import Replica
from chatdoc.engine.log_diff import updates_until
from chatdoc.model.errors import DocumentFailed
from chatdoc.open import open_document


def test_a_compacted_document_loads_from_its_snapshot_to_the_same_entries(tmp_path: Path) -> None:
    """The snapshot and the updates after it give what all updates gave."""
    path = tmp_path / "plan.chat"
    with open_document(path) as document:
        thread = document.create_thread(sender_id="ada", content="Hello")
        for number in range(20):
            document.send(thread.thread_id, sender_id="bob", content=str(number))
        done = document.compact()
        assert (done.entries, done.sequence) == (24, document.engine.sequence)
        document.send(thread.thread_id, sender_id="bob", content="later")
        whole = document.diff()
        assert document.engine.store.snapshots.state() is not None
        assert len(list(updates_until(document.engine.store, document.engine.sequence))) == 2
    with open_document(path) as document:
        again = Replica(7)
        again.load([document.diff()])
        before = Replica(7)
        before.load([whole])
        assert again.entries() == before.entries()
        assert len(document.messages(thread.thread_id)) == 22


def test_a_snapshot_that_does_not_reload_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were pycrdt's encoding to lose an entry, the updates would go on to be what is loaded."""
    with open_document(tmp_path / "plan.chat") as document:
        document.create_thread(sender_id="ada", content="Hello")
        genesis = next(iter(document.engine.store.updates.entries())).update
        monkeypatch.setattr(Replica, "encode", lambda self, state_vector=None: genesis)
        with pytest.raises(DocumentFailed, match="does not load to the 4 entries"):
            document.compact()
        assert document.engine.store.snapshots.state() is None
