"""What a document said is shown as long as its file is there, and by no other file of its folder."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from chatdoc.document import Document
from chatdoc.model.errors import NoEventLog
from chatdoc.rollback import rollback
from chatdoc.testing.legacy import legacy_file, legacy_rows
from chatdoc.workspace import Workspace
from tests.event_view.workplace import opened


def shown(document: Document) -> dict[str, set[str]]:
    """The messages of each thread that a document shows."""
    return {
        thread.thread_id: {one.message_id for one in document.messages(thread.thread_id)}
        for thread in document.threads()
    }


def folded(document: Document) -> dict[str, set[str]]:
    """The same as its log says."""
    return {
        thread.id: {one.id for one in thread.messages}
        for thread in document.snapshot().threads
        if thread.deleted_at is None
    }


def test_edits_that_a_rollback_discards_are_not_shown(tmp_path: Path) -> None:
    """The file that is opened again is what the tables show; nothing of what was thrown away waits or runs."""
    random = Random(3)
    (tmp_path / "team.chat").write_bytes(legacy_file(random, legacy_rows(random, 4)))
    with opened(tmp_path) as document:
        thread_id = document.threads()[0].thread_id
        document.send(thread_id, sender_id="ada", content="discarded")
        added = document.create_thread(sender_id="ada", content="discarded too", name="Plan")
        document.agents.queue_turn(added.thread_id, sender_id="ada", content="wait")
    rollback(tmp_path / "team.chat", discard_edits=True)
    with pytest.raises(NoEventLog):
        Workspace(tmp_path)
    with opened(tmp_path, seed=2) as document:
        assert folded(document) == shown(document) != {}
        assert added.thread_id not in folded(document)
        assert document.agents.queue(document.threads()[0].thread_id) == []
        with Workspace(tmp_path) as workspace:
            (rows,) = workspace.snapshot().documents
            assert {one.id for one in rows.snapshot.threads} == set(shown(document))
        document.log.rebuild()
        assert folded(document) == shown(document)


def test_document_that_another_file_replaced_is_not_shown(tmp_path: Path) -> None:
    """Its updates stay in the store; the tables show the file that is there."""
    here, there = tmp_path / "here", tmp_path / "there"
    for place, seed in ((here, 1), (there, 2)):
        place.mkdir()
        with opened(place, seed=seed) as document:
            document.create_thread(sender_id="ada", content=place.name)
    (here / "team.chat").write_bytes((there / "team.chat").read_bytes())
    with opened(here, seed=3) as document:
        assert folded(document) == shown(document)
        assert [one.content for one in document.messages(document.threads()[0].thread_id)] == ["there"]


def test_copy_beside_goes_on_being_shown(tmp_path: Path) -> None:
    """A document of which a copy stands in the folder takes nothing along that the copy shows."""
    with opened(tmp_path) as document:
        document.create_thread(sender_id="ada", content="both")
    (tmp_path / "copy.chat").write_bytes((tmp_path / "team.chat").read_bytes())
    other = tmp_path / "other"
    other.mkdir()
    with opened(tmp_path, "copy.chat", seed=2) as copy, opened(other, seed=3) as document:
        document.create_thread(sender_id="bob", content="other")
        document.save()
        (tmp_path / "team.chat").write_bytes((other / "team.chat").read_bytes())
        opened(tmp_path, seed=4).close()
        assert shown(copy) == folded(copy)
        assert [one.content for one in copy.messages(copy.threads()[0].thread_id)] == ["both"]
