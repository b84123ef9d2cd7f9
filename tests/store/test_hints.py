"""Others are told of each commit soon, whoever commits is not told of his own, and nothing is believed that failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from chatdoc import open_store
from chatdoc.document import Document
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres import hints
from tests.postgres_cluster import Cluster

FAIL = """SET client_min_messages = error;
CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON document_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.fixture
def url(postgres: Cluster, request: pytest.FixtureRequest) -> str:
    """A database of this test's own."""
    return postgres.create_database(f"hints_{abs(hash(request.node.name)) % 10**9}")


@pytest.fixture
def opened(url: str) -> Iterator[tuple[Document, Document, str]]:
    """A document that is open twice, and a thread in it."""
    with open_store(url) as store, store.open("a.chat") as one, store.open("a.chat") as other:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        assert other.messages(thread_id)
        yield one, other, thread_id


def calls(doc: Document) -> threading.Semaphore:
    """Counts how often a document is told that others have written."""
    heard = threading.Semaphore(0)
    doc.engine.store.feed.call(heard.release)  # type: ignore[attr-defined]
    return heard


def test_the_last_of_many_commits_is_told(
    opened: tuple[Document, Document, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hints rest a moment after each, and still nobody waits until versions are compared."""
    monkeypatch.setattr(hints, "COMPARE_S", 60.0)
    one, other, thread_id = opened
    heard = calls(other)
    for burst in range(10):
        for number in range(burst):
            one.send(thread_id, sender_id="ada", content=f"{burst} {number}")
        last = one.send(thread_id, sender_id="ada", content=f"{burst} last")
        while last not in other.messages(thread_id):
            assert heard.acquire(timeout=5), "nobody told of it"


def test_an_own_commit_is_no_news(opened: tuple[Document, Document, str]) -> None:
    """Its hint may come back before its answer is here; nobody looks for what he has written himself."""
    one, other, thread_id = opened
    heard, elsewhere = calls(one), calls(other)
    for number in range(50):
        one.send(thread_id, sender_id="ada", content=f"{number}")
    assert elsewhere.acquire(timeout=5)
    assert not heard.acquire(timeout=0.3)


def test_a_commit_that_failed_hides_none_of_another_server(
    postgres: Cluster, url: str, opened: tuple[Document, Document, str]
) -> None:
    """The version it would have made is that of somebody else then, and is heard of."""
    one, other, thread_id = opened
    heard, database = calls(one), url.split("/")[3].split("?")[0]
    postgres.say(FAIL, database=database)
    with pytest.raises(StoreError, match="no"):
        one.send(thread_id, sender_id="ada", content="never", command_id="failed")
    postgres.say("DROP TRIGGER fail ON document_order", database=database)
    sent = other.send(thread_id, sender_id="ada", content="there")
    assert heard.acquire(timeout=5)
    assert sent in one.messages(thread_id)
    assert one.send(thread_id, sender_id="ada", content="never", command_id="failed").content == "never"
