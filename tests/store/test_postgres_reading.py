"""Who only reads writes nothing, so a standby or a user without rights will do; who may write is heard of."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import open_store
from chatdoc.model.errors import ReadOnlyTarget, StoreError
from chatdoc.store.postgres import hint_thread
from chatdoc.transfer import pull
from tests.postgres_cluster import Cluster
from tests.store import postgres_stores


@pytest.fixture
def url(postgres: Cluster) -> Iterator[str]:
    """A database with a document, which its owner may only read from now on."""
    postgres.say("DROP DATABASE IF EXISTS reading")
    url = postgres.create_database("reading")
    with open_store(url) as store, store.open("a.chat") as doc:
        doc.create_thread(sender_id="ada", content="Hello")
    postgres.say("ALTER DATABASE reading SET default_transaction_read_only = on")
    yield url
    postgres.say("DROP DATABASE reading WITH (FORCE)")


def test_a_database_that_takes_no_writes_is_read_checked_and_pulled(url: str, tmp_path: Path) -> None:
    """As a standby, or one whose disk is full: joining the servers was a write, and each of these was refused."""
    with open_store(url) as store:
        reader = store.read("a.chat")
        assert [one.content for thread in reader.threads() for one in reader.messages(thread.thread_id)] == [
            "Hello"
        ]
        assert store.verify("a.chat") == []
        assert [one.outcome for one in pull(tmp_path, url)] == ["copied"]
        with pytest.raises(ReadOnlyTarget, match="target_session_attrs=read-write"):
            store.open("a.chat")
        with pytest.raises(ReadOnlyTarget, match="target_session_attrs=read-write"):
            store.join()


def test_a_user_who_may_only_read_reads(postgres: Cluster, url: str) -> None:
    """Its user needs to read the tables and nothing more; an error says what else is wanted of it."""
    postgres.say("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    postgres.say("ALTER DATABASE reading RESET default_transaction_read_only")
    postgres.say("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database="reading")
    with open_store(url.replace("chatdoc@", "reader@")) as store:
        assert store.verify("a.chat") == []
        assert store.read("a.chat").threads()
        with pytest.raises(ReadOnlyTarget, match="INSERT, UPDATE and DELETE"):
            store.open("a.chat")


def test_a_document_that_could_not_be_opened_holds_no_connection(postgres: Cluster, url: str) -> None:
    """The last one who lets go of the database hangs up."""
    with open_store(url) as store:
        for _ in range(2):
            with pytest.raises(ReadOnlyTarget):
                store.open("a.chat")
        assert store.documents()
    left = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'reading'"
    ends_at = time.monotonic() + 10
    while postgres.say(left) != "0":
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_who_opened_a_document_and_says_nothing_is_heard_of(postgres: Cluster, url: str) -> None:
    """Else its row is removed after a day, and its next command is refused as that of one that was shut out."""
    postgres.say("ALTER DATABASE reading RESET default_transaction_read_only")
    heard = "SELECT heartbeat_at > '{}'::timestamptz + interval '1 second' FROM servers"
    with open_store(url) as store, store.open("a.chat"):
        began = postgres.say("SELECT heartbeat_at FROM servers", database="reading")
        ends_at = time.monotonic() + 60
        while postgres.say(heard.format(began), database="reading") != "t":
            assert time.monotonic() < ends_at
            time.sleep(0.1)


def test_a_long_document_of_a_full_disk_is_opened_and_read(postgres: Cluster) -> None:
    """What would make the next opening faster could not be stored, so nobody saw what was there."""
    url = postgres.create_database("stuffed")
    with open_store(url) as store:
        with store.open("a.chat") as doc:
            thread_id = doc.create_thread(sender_id="ada", content="Hello").thread_id
            for number in range(100):
                doc.send(thread_id, sender_id="ada", content=str(number))
        full = postgres_stores.failing_commits(postgres, "stuffed")
        with full(doc.engine.store), store.open("a.chat") as doc:
            assert len(doc.messages(thread_id)) == 101
            with pytest.raises(StoreError, match="Free space"):
                doc.send(thread_id, sender_id="ada", content="more")


def test_a_database_whose_commits_wait_can_be_read(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without its standby: a load balancer must not take readers away too, though no heartbeat comes through."""
    monkeypatch.setattr(hint_thread, "COMPARE_S", 0.1)
    url = postgres.create_database("waiting")
    with open_store(url) as store, store.open("a.chat"):
        lock = "BEGIN; SELECT FROM servers FOR UPDATE; SELECT pg_sleep(600)"
        of_it = "FROM pg_stat_activity WHERE datname = 'waiting'"
        with subprocess.Popen(
            ["psql", "-h", str(postgres.folder), "-U", "postgres", "waiting", "-qAtc", lock],
            stderr=subprocess.DEVNULL,
        ):
            try:
                ends_at = time.monotonic() + 60
                # The first one was given up, and the next one hangs.
                while int(postgres.say(f"SELECT count(*) {of_it} AND wait_event_type = 'Lock'")) < 2:
                    assert time.monotonic() < ends_at
                    assert not store.is_cut_off
            finally:
                postgres.say(f"SELECT pg_terminate_backend(pid) {of_it} AND query LIKE '%pg_sleep%'")
        assert not store.is_cut_off
