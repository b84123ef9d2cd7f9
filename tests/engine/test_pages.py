"""A chat page is a part of its thread, the same from an open document and from its log alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import Document, open_document
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.testing.clocks import ManualClock
from chatdoc.workspace import log_of

MESSAGES = 150


@pytest.fixture
def document(tmp_path: Path) -> Iterator[Document]:
    """A document of two threads; the long one has a message that was deleted, and dates that repeat."""
    clock = ManualClock()
    with open_document(tmp_path / "team.chat", clock=clock) as opened:
        long = opened.create_thread(sender_id="ada", content="0", name="long")
        opened.create_thread(sender_id="ada", content="Other", name="short")
        for number in range(1, MESSAGES):
            clock.advance(number % 3)
            opened.send(long.thread_id, sender_id="bob", content=str(number))
        opened.delete_message(opened.messages(long.thread_id)[-2].message_id, deleted_by="ada")
        yield opened


def thread_of(document: Document, name: str = "long") -> str:
    """The thread of a name."""
    return next(one.thread_id for one in document.threads() if document.config(one.thread_id).name == name)


@pytest.mark.parametrize("limit", [1, 7, 50, 1000])
def test_pages_together_are_the_thread(document: Document, limit: int) -> None:
    """From the last page to the root, each message once and in order; the log shows the same ids and texts."""
    thread_id = thread_of(document)
    whole = document.messages(thread_id)
    for source in (document, document.log):
        before, found = None, []
        while page := source.messages(thread_id, limit=limit, before=before):
            assert len(page) <= limit
            found[:0] = [
                (getattr(one, "id", None) or one.message_id, getattr(one, "text", None)) for one in page
            ]
            before = found[0][0]
        assert [one for one, _ in found] == [one.message_id for one in whole]
    assert [text for _, text in found] == [one.content for one in whole]


def test_deleted_messages_are_on_a_page_on_demand(document: Document) -> None:
    """One that is left out does not make its page shorter."""
    thread_id = thread_of(document)
    shown = document.messages(thread_id, limit=3)
    assert [one.content for one in shown] == ["146", "147", "149"]
    assert [one.content for one in document.messages(thread_id, limit=3, deleted=True)] == [
        "147",
        "148",
        "149",
    ]
    (gone,) = [one for one in document.messages(thread_id, deleted=True) if one.deleted_at]
    assert [one.content for one in document.messages(thread_id, limit=1, before=gone.message_id)] == ["147"]


def test_a_page_is_read_without_opening_the_document(document: Document, tmp_path: Path) -> None:
    """While it is open elsewhere, too."""
    with log_of(tmp_path / "team.chat") as log:
        texts = [one.text for one in log.messages(thread_of(document), limit=2)]
    assert texts == ["147", "149"]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_threads_together_are_the_document(document: Document, limit: int) -> None:
    """Each thread once, in order; one that was deleted does not make its page shorter, and may be gone on from."""
    for number in range(6):
        document.create_thread(sender_id="ada", content="More", name=f"{number}")
    gone = document.threads()[4].thread_id
    document.delete_thread(gone, deleted_by="ada")
    for deleted in (False, True):
        whole = [one.thread_id for one in document.threads(deleted=deleted)]
        found: list[str] = []
        while page := document.threads(limit=limit, before=found[0] if found else None, deleted=deleted):
            assert len(page) == min(limit, len(whole) - len(found))
            found[:0] = [one.thread_id for one in page]
        assert found == whole
    assert [one.thread_id for one in document.threads(limit=1, before=gone)] == [
        document.threads()[3].thread_id
    ]
    with pytest.raises(NotFound, match="nowhere"):
        document.threads(before="nowhere")
    with pytest.raises(CommandRefused, match="threads"):
        document.threads(limit=-1)


def test_what_names_no_page_is_refused(document: Document) -> None:
    """A message of another thread, one that is not there, and a limit that is no number."""
    other = document.messages(thread_of(document, "short"))[0].message_id
    for source in (document, document.log):
        for before in (other, "nowhere"):
            with pytest.raises(NotFound, match=before):
                source.messages(thread_of(document), limit=1, before=before)
        with pytest.raises(CommandRefused, match="messages"):
            source.messages(thread_of(document), limit=-1)
        with pytest.raises(NotFound):
            source.messages("nowhere", limit=1)
