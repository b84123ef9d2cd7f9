"""The store in PostgreSQL passes the acceptance suites, and keeps documents, users and programs apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.model.errors import StoreDamaged, StoreError, StoreTooNew
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.testing.acceptance import Acceptance, FolderFactory, StoreFactory, StoresSuite
from tests.postgres_cluster import Cluster
from tests.store import postgres_stores
from tests.store.documents import NOW, append, project, registration, rows, tell, updates, whole


class TestPostgres(Acceptance):
    """The store of a document in a database that many servers use."""

    @pytest.fixture
    def stores(self, tmp_path: Path, postgres: Cluster) -> Iterator[StoreFactory]:
        """Documents of one database."""
        url = postgres.url("chats")
        with StoreFactory(
            tmp_path,
            postgres_stores.creating(url),
            again=postgres_stores.open_again,
            failing_commit=postgres_stores.failing_commits(postgres, "chats"),
        ) as stores:
            yield stores


class TestPostgresFolder(StoresSuite):
    """The stores of a folder of chat files that mirror documents of a database."""

    @pytest.fixture
    def folder(self, tmp_path: Path, postgres: Cluster) -> Iterator[FolderFactory]:
        """A folder without a chat yet."""
        with FolderFactory(tmp_path, postgres_stores.folder_of(postgres.url("chats"))) as folder:
            yield folder


@pytest.fixture
def documents(postgres: Cluster, request: pytest.FixtureRequest) -> Iterator[PostgresDocuments]:
    """The documents of a database of this test's own."""
    name = f"own_{abs(hash(request.node.name)) % 10**9}"
    with PostgresDocuments(postgres.create_database(name)) as opened:
        yield opened


def made(documents: PostgresDocuments, path: str = "team.chat", document_id: str = "one") -> str:
    """The key of a new document."""
    said = registration(path, document_id)
    return documents.create(said, b"genesis", origin="migration", recorded_at_ms=NOW)


def test_a_session_sees_the_rows_of_its_own_document_only(documents: PostgresDocuments) -> None:
    """Equal sequences, ids and snapshots of two documents stay apart, whichever session reads them."""
    with documents.open(made(documents)) as one, documents.open(made(documents, "b.chat", "two")) as two:
        for number in range(20):
            for store, name in ((one, "one"), (two, "two")):
                append(store, f"{name} {number}".encode(), command_id=f"command {number}")
        tell(one, project())
        one.snapshots.put_rows(rows(), recorded_at_ms=NOW)
        assert updates(one)[1:] == [f"one {number}".encode() for number in range(20)]
        assert updates(two)[1:] == [f"two {number}".encode() for number in range(20)]
        assert (one.events.last_sequence(), two.events.last_sequence()) == (1, 0)
        assert whole(one.snapshots.row_pieces()) == rows()
        assert two.snapshots.row_pieces() is None


def test_a_superuser_is_refused(postgres: Cluster) -> None:
    """Row-level security does not hold him, so he would see the rows of all documents as those of one."""
    url = postgres.url("chats").replace("chatdoc@", "postgres@")
    with pytest.raises(StoreError, match=r"superuser.*CREATE ROLE"):
        PostgresDocuments(url)


def test_a_newer_schema_is_refused_and_an_edited_step_too(postgres: Cluster) -> None:
    """Nothing is read from tables that this program does not know."""
    url = postgres.create_database("newer")
    PostgresDocuments(url).close()
    postgres.say("INSERT INTO schema_steps VALUES (99, 'later', 'x')", database="newer")
    with pytest.raises(StoreTooNew, match="schema step"):
        PostgresDocuments(f"{url}&application_name=other")
    postgres.say(
        "DELETE FROM schema_steps WHERE step = 99",
        "UPDATE schema_steps SET digest = 'x' WHERE step = 2",
        database="newer",
    )
    with pytest.raises(StoreDamaged, match="other schema steps"):
        PostgresDocuments(f"{url}&application_name=third")


def test_text_with_nul_comes_back_as_it_was(documents: PostgresDocuments) -> None:
    """PostgreSQL's text has no NUL; ids and origins with one, or with what stands for it, stay different."""
    with documents.open(made(documents)) as store:
        origins = ["a\0b", "a\x1a0b", "a\x1a\0", "\x1a1", ""]
        for origin in origins:
            append(store, b"bytes", origin=origin, command_id=f"command {origin}")
        assert [entry.origin for entry in store.updates.entries(1)] == origins
        for origin in origins:
            found = store.receipts.get(f"command {origin}")
            assert found is not None
            assert found.command_id == f"command {origin}"
        assert store.verify() == []


def test_a_database_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    """The error names the place without a password, and says what to do."""
    with pytest.raises(StoreError, match="could not be reached") as found:
        PostgresDocuments(f"postgresql://ada:secret@/chats?host={tmp_path}")
    assert "secret" not in str(found.value)
    with pytest.raises(StoreError, match="postgresql://user@host"):
        PostgresDocuments("postgresql://ada:secret@/chats?no_such_setting=1")


def test_a_server_that_was_restarted_is_used_on(postgres: Cluster, documents: PostgresDocuments) -> None:
    """The connections of before are dead; reading and writing go on with others, and nothing is lost."""
    with documents.open(made(documents)) as store:
        append(store, b"before")
        postgres.stop("fast")
        with pytest.raises(StoreError, match="reached"):
            append(store, b"meanwhile")
        postgres.start()
        assert updates(store) == [b"genesis", b"before"]
        append(store, b"after")
        assert updates(store) == [b"genesis", b"before", b"after"]
        assert store.verify() == []


def test_a_database_that_was_made_anew_gets_its_tables_again(postgres: Cluster) -> None:
    """A program that had nothing open of the one before finds an empty database, not a damaged one."""
    url = postgres.create_database("made_anew")
    PostgresDocuments(url).close()
    postgres.say("DROP DATABASE made_anew")
    postgres.create_database("made_anew")
    with PostgresDocuments(url) as documents:
        assert documents.all() == []
