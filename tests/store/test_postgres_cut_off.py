"""A network that is cut without a word loses no connection: opening, closing and every call end in time."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from chatdoc import open_store
from chatdoc.document import Document
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres import connecting
from chatdoc.store.postgres.pool import Pool
from tests.many_servers.link import Link
from tests.postgres_cluster import Cluster

HASTY = connecting.Limits(lock_ms=1000, statement_ms=2000, silent_ms=4000, gone_ms=3000)
PATIENCE_S = 30
"""By far longer than any call may take here, by far shorter than for ever."""


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pool.__init__, "__defaults__", (HASTY,))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A database of this test's own."""
    return f"silent_{abs(hash(request.node.name)) % 10**9}"


def contents(doc: Document, thread: str) -> list[str]:
    """The messages of a thread."""
    return [one.content for one in doc.messages(thread)]


def test_a_proxy_that_passes_nothing_on_ends_a_call_and_no_document(postgres: Cluster, name: str) -> None:
    """What is read and what is written fails with what to do; once it passes things on, the same commands are done."""
    postgres.create_database(name)
    with Link([postgres.folder]) as link:
        url = f"postgresql://chatdoc@/{name}?host={link.folders[0]}&connect_timeout=2"
        with open_store(url) as store, store.open("a.chat") as doc:
            thread = doc.create_thread(sender_id="ada", content="Hello", command_id="begin").thread_id
            link.hold()
            began = time.monotonic()
            for attempt in (
                lambda: doc.send(thread, sender_id="ada", content="Hi", command_id="one"),
                lambda: doc.send(thread, sender_id="ada", content="Hi", command_id="one"),
                lambda: store.documents(),
                lambda: store.open("a.chat"),
            ):
                with pytest.raises(StoreError) as found:
                    attempt()
                assert "reached" in found.value.hint
            assert time.monotonic() - began < PATIENCE_S
            link.let_go()
            doc.send(thread, sender_id="ada", content="Hi", command_id="one")
            assert contents(doc, thread) == ["Hello", "Hi"]


def test_a_network_that_is_cut_is_known_before_a_slow_statement_would_have_ended(
    postgres: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other connection has an answer either; one that has lets a slow statement take its time."""
    monkeypatch.setattr(
        Pool.__init__,
        "__defaults__",
        (HASTY._replace(silent_ms=600_000, statement_ms=600_000, gone_ms=3000),),
    )
    postgres.create_database(name)
    with Link([postgres.folder]) as link:
        url = f"postgresql://chatdoc@/{name}?host={link.folders[0]}&connect_timeout=2"
        with open_store(url) as store, store.open("a.chat") as doc:
            doc.create_thread(sender_id="ada", content="Hello")
            took = store.stored.pool.use(
                lambda one: one.execute("SELECT pg_sleep(5)::text").fetchone(), "wait"
            )
            assert took == ("",)
            link.hold()
            began = time.monotonic()
            with pytest.raises(StoreError):
                store.documents()
            assert time.monotonic() - began < PATIENCE_S
            link.let_go()


def test_a_connection_that_hangs_before_it_is_used_is_given_up(
    postgres: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user was let in, and its settings are not answered; so are the steps of a schema."""
    url = postgres.create_database(name)
    monkeypatch.setattr(
        Pool.__init__, "__defaults__", (HASTY._replace(lock_ms=600_000, statement_ms=600_000),)
    )
    began = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(connecting, "_LOOK", "SELECT false, 'UTF8', pg_sleep(100)")
        with pytest.raises(StoreError, match="no answer came for 4 seconds") as found:
            open_store(url)
        assert "hangs" in found.value.hint
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(1667785076, 1)")
        with pytest.raises(StoreError, match="take its schema steps: no answer came for 4 seconds"):
            open_store(url)
    assert time.monotonic() - began < PATIENCE_S


def test_who_ends_does_not_wait_for_a_database_that_hangs(
    postgres: Cluster, name: str, tmp_path: Path
) -> None:
    """It would tell the database that it goes, which finds out by itself."""
    postgres.create_database(name)
    with Link([postgres.folder]) as link:
        url = f"postgresql://chatdoc@/{name}?host={link.folders[0]}"
        with open_store(url) as store:
            with store.open("a.chat") as doc:
                doc.create_thread(sender_id="ada", content="Hello")
            link.hold()
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE_S / 3


def test_who_comes_after_it_is_known_waits_less(postgres: Cluster, name: str) -> None:
    """Each call and each document that is closed would else wait ten seconds for a connection, one after the other."""
    postgres.create_database(name)
    with Link([postgres.folder]) as link:
        url = f"postgresql://chatdoc@/{name}?host={link.folders[0]}"
        with open_store(url) as store, store.open("a.chat") as doc:
            thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
            link.hold()
            with pytest.raises(StoreError):
                store.documents()
            waited = []
            for _ in range(3):
                began = time.monotonic()
                with pytest.raises(StoreError, match="could not be reached"):
                    store.documents()
                waited.append(time.monotonic() - began)
            assert min(waited) < 6  # Of three seconds, beside whatever else the machine does.
            link.let_go()
            doc.send(thread, sender_id="ada", content="Hi")
            assert contents(doc, thread) == ["Hello", "Hi"]
