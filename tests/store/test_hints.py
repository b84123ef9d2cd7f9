"""Others are told of each commit soon, whoever commits is not told of his own, and nothing is believed that failed."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from chatdoc import open_store
from chatdoc.document import Document
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres import hint_thread
from chatdoc.store.postgres.pool import pool_of
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


@pytest.fixture(params=["alone", "beside another server"])
def opened(
    url: str, postgres: Cluster, request: pytest.FixtureRequest
) -> Iterator[tuple[Document, Document, str]]:
    """A document that is open twice in one server, and a thread in it."""
    with open_store(url) as store, store.open("a.chat") as one, store.open("a.chat") as other:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        assert other.messages(thread_id)
        if request.param != "alone":
            let_another_live(postgres, url)
        wait_for_servers(url, 1 if request.param == "alone" else 2)
        yield one, other, thread_id


def let_another_live(postgres: Cluster, url: str) -> None:
    """Let the database have heard of a server that is nowhere."""
    postgres.say(
        "INSERT INTO servers (server, process, heartbeat_at) VALUES ('other', 'other', 'infinity')",
        database=url.split("/")[3].split("?")[0],
    )


def wait_for_servers(url: str, count: int) -> None:
    """Wait until a server knows that so many live."""
    ends_at = time.monotonic() + 60
    while len(pool_of(url).hints.live) != count:
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def calls(doc: Document) -> threading.Semaphore:
    """Counts how often a document is told that others have written."""
    heard = threading.Semaphore(0)
    doc.engine.store.feed.call(heard.release)  # type: ignore[attr-defined]
    return heard


def test_the_last_of_many_commits_is_told(
    opened: tuple[Document, Document, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hints rest a moment after each, and still nobody waits until versions are compared."""
    monkeypatch.setattr(hint_thread, "COMPARE_S", 60.0)
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


def test_a_version_that_was_read_before_an_own_commit_is_no_news(
    opened: tuple[Document, Document, str],
) -> None:
    """What is read beside a commit and heard after it is older than what is known, and no database was put back."""
    one, _, thread_id = opened
    feed: Any = one.engine.store.feed
    heard = calls(one)
    feed.begin_reading()
    version = feed.commits_of_others() + one.engine.store.database.own_versions  # type: ignore[attr-defined]
    one.send(thread_id, sender_id="ada", content="meanwhile")
    feed.hear(version, is_read=True)
    assert not heard.acquire(blocking=False)
    feed.begin_reading()
    feed.hear(version, is_read=True)
    assert heard.acquire(blocking=False)


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


def test_a_server_that_is_alone_tells_nobody_until_another_one_lives(postgres: Cluster, url: str) -> None:
    """What it wrote alone is in no notification, and what it writes beside another one is."""
    with psycopg.connect(url, autocommit=True) as listener, open_store(url) as store:
        listener.execute("LISTEN chatdoc_commits")
        doc = store.open("a.chat")
        thread_id = doc.create_thread(sender_id="ada", content="Hello").thread_id
        wait_for_servers(url, 1)
        list(listener.notifies(timeout=0.1))
        for _ in range(3):
            doc.send(thread_id, sender_id="ada", content="alone")
        let_another_live(postgres, url)
        wait_for_servers(url, 2)
        doc.send(thread_id, sender_id="ada", content="together")
        version = postgres.say("SELECT version FROM document_order", database=url.split("/")[3].split("?")[0])
        told = [hint.payload.partition(":")[0] for hint in listener.notifies(timeout=5, stop_after=1)]
        assert told == [version]
        doc.close()


def test_a_server_that_was_alone_tells_whoever_begins_to_listen(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears of the one that comes, and need not wait until it looks who lives."""
    with open_store(url) as store, store.open("a.chat") as one:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        calls(one)
        wait_for_servers(url, 1)
        monkeypatch.setattr(hint_thread, "COMPARE_S", 60.0)
        with open_store(f"{url}&application_name=another") as elsewhere, elsewhere.open("a.chat") as other:
            heard = calls(other)
            wait_for_servers(url, 2)
            sent = one.send(thread_id, sender_id="ada", content="Hi")
            assert heard.acquire(timeout=5)
            assert sent in other.messages(thread_id)


def test_a_connection_that_says_nothing_more_is_left_for_another_one(
    postgres: Cluster, url: str, opened: tuple[Document, Document, str]
) -> None:
    """Its backend hangs and its host still takes what is sent, so no error comes; commits of others are seen."""
    one, _, thread_id = opened
    database = url.split("/")[3].split("?")[0]
    asked = "SELECT pid FROM pg_stat_activity WHERE application_name = 'chatdoc hints' AND datname = "
    pid = int(postgres.say(f"{asked}'{database}'"))
    heard = calls(one)
    os.kill(pid, signal.SIGSTOP)
    try:
        with open_store(f"{url}&application_name=another") as elsewhere, elsewhere.open("a.chat") as other:
            sent = other.send(thread_id, sender_id="ada", content="Hi")
            assert heard.acquire(timeout=60)
            assert sent in one.messages(thread_id)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("said", ["²:a", f"{'9' * 5000}:a", "-1:a", ":", ""])
def test_what_no_server_says_ends_no_server(postgres: Cluster, url: str, said: str) -> None:
    """Any user of the database may say something; the thread that tells of this server ended, and it was shut out."""
    with open_store(url) as store, store.open("a.chat"):
        hints = pool_of(url).hints
        hints.listen("a", NotListening())
        before = hints._run
        database = url.split("/")[3].split("?")[0]
        postgres.say(f"SELECT pg_notify('chatdoc_commits', '{said}')", database=database)
        time.sleep(0.3)
        assert before is not None
        assert before.is_alive


class NotListening:
    """Who hears of a document, and does nothing."""

    def begin_reading(self) -> None:
        """See `Subscriber`."""

    def hear(self, version: int, *, is_read: bool = False, is_anew: bool = False) -> None:
        """See `Subscriber`."""

    def hear_message(self, message: bytes) -> None:
        """See `Subscriber`."""


def test_a_server_with_more_than_a_thousand_files_is_heard_of(url: str) -> None:
    """As one with so many clients when its database comes back: it heard of nobody, and was taken for dead."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(2048, before[0]), before[1]))
    many = [os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(1024)]
    try:
        with open_store(url) as store:
            store.join()
            wait_for_servers(url, 1)
    finally:
        for one in many:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
