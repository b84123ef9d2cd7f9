"""A database that was put back to an older state under servers is noticed by all of them, whoever wrote since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import open_store
from chatdoc.document import Document
from chatdoc.model.errors import DocumentFailed
from tests.postgres_cluster import Cluster, cluster

SAID = 5


class PutBack:
    """A database with a backup, and a program that has a document of it open and has gone on since."""

    def __init__(self, server: Cluster, url: str) -> None:
        self._server, self._store = server, open_store(url)
        self.doc = self._store.open("team.chat")
        self.thread_id = self.doc.create_thread(sender_id="ada", content="Hello").thread_id
        self.say(self.doc, "before")
        server.back_up()
        self.say(self.doc, "after")

    def open(self) -> Document:
        """The document once more."""
        return self._store.open("team.chat")

    def say(self, doc: Document, what: str, count: int = SAID) -> None:
        """Send some messages."""
        for number in range(count):
            doc.send(
                self.thread_id, sender_id="ada", content=f"{what} {number}", command_id=f"{what} {number}"
            )

    def contents(self, doc: Document) -> list[str]:
        """What the messages say, behind the first one."""
        return [one.content for one in doc.messages(self.thread_id)][1:]

    def restore(self, count: int) -> None:
        """Put the backup back; then another program writes some messages, or nothing."""
        self._server.put_back()
        with self.open() as other:
            self.say(other, "other", count)

    def close(self) -> None:
        """Let go of it."""
        self.doc.close()
        self._store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A database of this module's own, which is stopped and put back."""
    with cluster() as made:
        yield made


@pytest.fixture
def put_back(server: Cluster, tmp_path: Path) -> Iterator[PutBack]:
    """A database of this test's own."""
    made = PutBack(server, server.create_database(f"put_back_{tmp_path.name[-4:].strip('_')}".lower()))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("first", "count"),
    [("read", 0), ("write", 0), ("write", SAID - 1), ("read", SAID), ("repeat", SAID), ("write", SAID + 1)],
)
def test_a_document_that_was_put_back_is_not_gone_on_with(put_back: PutBack, first: str, count: int) -> None:
    """No message is shown or stored on top of what is not there; opened again, commands are repeated and done."""
    reader = put_back.open()
    assert len(put_back.contents(reader)) == 2 * SAID
    put_back.restore(count)
    others = [f"other {number}" for number in range(count)]
    calls = {
        "read": lambda: put_back.contents(put_back.doc),
        "write": lambda: put_back.say(put_back.doc, "new", 1),
        "repeat": lambda: put_back.say(put_back.doc, "after", 1),
    }
    with pytest.raises(DocumentFailed, match="was put back"):
        calls[first]()
    for doc in (put_back.doc, reader):
        for _ in range(2):
            with pytest.raises(DocumentFailed, match="was put back"):
                put_back.contents(doc)
            with pytest.raises(DocumentFailed, match="was put back"):
                put_back.say(doc, "new", 1)
    reader.close()
    with put_back.open() as again:
        assert put_back.contents(again) == [*(f"before {number}" for number in range(SAID)), *others]
        put_back.say(again, "after")
        assert put_back.contents(again)[-SAID:] == [f"after {number}" for number in range(SAID)]
        assert again.check(full=True).ok
        assert again.engine.store.verify() == []


def test_who_waits_for_news_is_told(put_back: PutBack) -> None:
    """Versions are compared each second: one that is less than what was known is news, too."""
    feed = put_back.doc.engine.store.feed
    feed.wait(0.0)
    put_back.restore(0)
    for _ in range(100):
        if feed.wait(0.2):
            break
    else:
        raise AssertionError("nobody was told")
    with pytest.raises(DocumentFailed, match="was put back"):
        put_back.contents(put_back.doc)


def test_who_only_reads_on_from_a_snapshot_notices_too(put_back: PutBack) -> None:
    """What was read before is known also where nothing stood behind the snapshot."""
    put_back.doc.compact()
    with put_back.open() as reader:
        assert len(put_back.contents(reader)) == 2 * SAID
        put_back.restore(0)
        with pytest.raises(DocumentFailed, match="was put back"):
            put_back.contents(reader)
