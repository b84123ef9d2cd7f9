"""PostgreSQL stores for tests: one database of a cluster, in which each folder of a test has names of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from chatdoc.store.ports import DocumentStore, Registration
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.store.postgres.folder import PostgresFolder
from chatdoc.testing.acceptance.samples import NOW
from tests.postgres_cluster import Cluster

REGISTRATION = Registration(path="team.chat", document_id="01HF7YAT000000000000000000", created_at_ms=NOW)
PLACE = "place"
"""The file of a folder that says where its store is: a URL and a key."""
_FAIL = """SET client_min_messages = error;
CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'this commit fails' USING ERRCODE = '53100'; END $$;
CREATE CONSTRAINT TRIGGER failing AFTER INSERT OR UPDATE OR DELETE ON document_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
"""


def creating(url: str) -> Callable[[Path], DocumentStore]:
    """What makes a store for a folder."""

    def create(folder: Path) -> DocumentStore:
        with PostgresDocuments(url) as documents:
            key = documents.create(
                REGISTRATION,
                b"update genesis",
                origin="genesis",
                recorded_at_ms=NOW,
                prefix=f"{folder}/",
            )
            (folder / PLACE).write_text(f"{url}\n{key}")
            return documents.open(key)

    return create


def open_again(folder: Path) -> DocumentStore:
    """A further handle on the store of a folder, in any process."""
    url, key = (folder / PLACE).read_text().split("\n")
    with PostgresDocuments(url) as documents:
        return documents.open(key)


def folder_of(url: str) -> Callable[[Path], PostgresFolder]:
    """What gives the stores of a folder of chat files."""
    return lambda folder: PostgresFolder(folder, url, prefix=f"{folder}/")


def failing_commits(
    cluster: Cluster, database: str
) -> Callable[[DocumentStore], contextlib.AbstractContextManager[None]]:
    """A while in which the database refuses every COMMIT that writes to a document."""

    @contextlib.contextmanager
    def failing(_: DocumentStore) -> Iterator[None]:
        cluster.say(_FAIL, database=database)
        try:
            yield
        finally:
            cluster.say("DROP TRIGGER failing ON document_order", database=database)

    return failing
