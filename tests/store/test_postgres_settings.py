"""Whatever a database is set to, what is acknowledged is durable and in order; one that cannot hold it is refused."""

from __future__ import annotations

import threading

import pytest

from chatdoc import open_store
from chatdoc.model.errors import ChatdocError, StoreError
from chatdoc.store.postgres.connecting import LIMITS, connect
from chatdoc.store.postgres.deadline import Deadline
from tests.postgres_cluster import Cluster

PATIENT = Deadline(LIMITS.silent_ms, LIMITS.gone_ms)


@pytest.mark.parametrize(
    ("said", "meant"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply"), ("on", "on")]
)
def test_a_commit_is_durable_whatever_the_database_says(postgres: Cluster, said: str, meant: str) -> None:
    """A COMMIT that is answered before it is on the disk, and on the standby, would be acknowledged and lost."""
    url = postgres.create_database(f"durable_{said}")
    postgres.say(f"ALTER DATABASE durable_{said} SET synchronous_commit = {said}")
    with connect(url, "durable", LIMITS, PATIENT, purpose="store") as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == (meant,)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_writers_wait_for_each_other_whatever_the_database_says(postgres: Cluster, isolation: str) -> None:
    """A transaction that saw what was there before it waited could not write behind the one that it waited for."""
    name = f"isolated_{isolation.split()[0]}"
    url = postgres.create_database(name)
    postgres.say(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    with open_store(url) as store, store.open("team.chat") as one, store.open("team.chat") as other:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        failed: list[ChatdocError] = []

        def send() -> None:
            try:
                other.send(thread_id, sender_id="bob", content="second", command_id="second")
            except ChatdocError as error:
                failed.append(error)

        waiting = threading.Thread(target=send)

        def first() -> None:
            one.send(thread_id, sender_id="ada", content="first")
            waiting.start()
            while not postgres.say(
                f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{name}'"
            ):
                pass

        one.group.together(first)
        waiting.join(60)
        assert failed == []
        assert [message.content for message in one.messages(thread_id)] == ["Hello", "first", "second"]


def test_a_database_that_would_refuse_row_level_security_is_used(postgres: Cluster) -> None:
    """As one that is set up to be dumped whole: a session of a store asks for it again."""
    url = postgres.create_database("unfiltered")
    postgres.say("ALTER DATABASE unfiltered SET row_security = off")
    with open_store(url) as store, store.open("a.chat") as doc:
        assert doc.create_thread(sender_id="ada", content="Hello")


def test_a_schema_that_comes_before_that_of_the_tables_loses_none(postgres: Cluster) -> None:
    """As one of the user's name, which the search_path names first: each table was told to be lost."""
    url = postgres.create_database("shadowed")
    with open_store(url) as store:
        store.open("a.chat").close()
        postgres.say("CREATE SCHEMA chatdoc AUTHORIZATION chatdoc", database="shadowed")
        assert store.verify("a.chat") == []
    with open_store(url) as store:
        assert store.verify("a.chat") == []


def test_a_schema_that_is_not_there_is_told_of(postgres: Cluster) -> None:
    """The database names none in its error."""
    url = postgres.create_database("homeless")
    postgres.say("ALTER DATABASE homeless SET search_path = nowhere")
    with pytest.raises(StoreError, match=r"no schema has been selected.*search_path"), open_store(url):
        pass


def test_a_database_that_does_not_hold_every_text_is_refused(postgres: Cluster) -> None:
    """Before anything is made in it, and with words; it failed at the first text that it does not hold."""
    postgres.say("CREATE DATABASE latin OWNER chatdoc ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    with (
        pytest.raises(StoreError, match=r"encoding LATIN1.*createdb --encoding UTF8"),
        open_store(postgres.url("latin")) as store,
    ):
        store.documents()
    assert postgres.say("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database="latin") == "0"


@pytest.mark.parametrize(
    ("change", "user", "database", "hint"),
    [
        ("ALTER DATABASE closed CONNECTION LIMIT 0", "chatdoc", "closed", "max_connections"),
        (
            "ALTER DATABASE closed ALLOW_CONNECTIONS false",
            "chatdoc",
            "closed",
            "Check that the database runs",
        ),
        ("REVOKE CONNECT ON DATABASE closed FROM PUBLIC", "stranger", "closed", "Check user and password"),
        ("SELECT 1", "missing", "closed", "Check user and password"),
        ("SELECT 1", "chatdoc", "missing", "createdb"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(
    postgres: Cluster, change: str, user: str, database: str, hint: str
) -> None:
    """The database says why in words alone: no state comes with a connection that it refuses."""
    postgres.say("DROP DATABASE IF EXISTS closed")
    postgres.create_database("closed")
    if not postgres.say("SELECT 1 FROM pg_roles WHERE rolname = 'stranger'"):
        postgres.say("CREATE ROLE stranger LOGIN")
    postgres.say(change)
    url = postgres.url(database).replace("chatdoc@", f"{user}@")
    with pytest.raises(StoreError, match=hint):
        connect(url, "closed", LIMITS, PATIENT, purpose="store")


def test_calls_wait_for_each_other_where_the_database_has_few_connections(postgres: Cluster) -> None:
    """One for hints and two for all that is done suffice; without any the error says so, after a while."""
    url = postgres.create_database("crowded")
    with open_store(url) as store:
        documents = [store.open(f"{number}.chat") for number in range(6)]
        threads = [doc.create_thread(sender_id="ada", content="Hello").thread_id for doc in documents]
        postgres.say("ALTER DATABASE crowded CONNECTION LIMIT 3")
        gate, failed = threading.Barrier(len(documents)), list[ChatdocError]()

        def write(number: int) -> None:
            gate.wait()
            for count in range(15):
                try:
                    documents[number].send(threads[number], sender_id="ada", content=str(count))
                except ChatdocError as error:
                    failed.append(error)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(len(documents))]
        for one in writers:
            one.start()
        for one in writers:
            one.join(60)
        assert failed == []
        for doc, thread_id in zip(documents, threads, strict=True):
            assert len(doc.messages(thread_id)) == 16
            doc.close()
