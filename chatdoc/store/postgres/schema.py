"""The tables grow by the same numbered steps as SQLite's, taken by one program at a time; a newer schema is refused."""

from __future__ import annotations

from typing import Any

import psycopg

from chatdoc.model.errors import StoreDamaged, StoreTooNew
from chatdoc.store.postgres.postgres_errors import START_OVER, failure
from chatdoc.store.postgres.schema_statements import ALL_STEPS, TEXT

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1667785076, 1)"
_IS_THERE = "SELECT to_regclass('schema_steps') IS NOT NULL"
_STEPS = "SELECT step, digest FROM schema_steps ORDER BY step"
_RECORD = "INSERT INTO schema_steps VALUES ($1, $2, $3)"
BEGINNING = (
    f"CREATE TABLE schema_steps (step bigint PRIMARY KEY, name {TEXT} NOT NULL, digest {TEXT} NOT NULL)",
    f"""CREATE TABLE document_order (
        document {TEXT} PRIMARY KEY,
        document_id {TEXT} NOT NULL,
        name {TEXT} NOT NULL,
        is_served boolean NOT NULL DEFAULT true,
        is_retired boolean NOT NULL DEFAULT false,
        version bigint NOT NULL DEFAULT 0,
        last_update bigint NOT NULL DEFAULT 0,
        last_event bigint NOT NULL DEFAULT 0,
        head bytea,
        made bigint GENERATED ALWAYS AS IDENTITY
    ) WITH (fillfactor = 50)""",
    f"""CREATE TABLE servers (
        server {TEXT} PRIMARY KEY,
        process {TEXT} NOT NULL,
        epoch bigint NOT NULL DEFAULT 1,
        heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX idx_servers_process ON servers (process)",
    "CREATE UNIQUE INDEX idx_document_order_name ON document_order (name) WHERE is_served",
    "CREATE INDEX idx_document_order_document_id ON document_order (document_id)",
)
"""What there is beside the tables of SQLite: a row a document, which is locked by who writes to it, and one a server.

| column of `document_order` | what it says |
| --- | --- |
| `name`, `is_served` | the path its file has below its folder, and whether that leads to it; one document a name |
| `version` | how many transactions have written to the document |
| `made` | in which order documents were made |
| `last_update`, `last_event`, `head` | where its logs end: two sequences, the last event's digest |
"""


def prepare(connection: psycopg.Connection[Any], name: str) -> None:
    """Take the steps that are missing; raises StoreTooNew, StoreDamaged, StoreError, ReadOnlyTarget."""
    try:
        if _lacks(connection, name):
            with connection.transaction():
                connection.execute(_ONE_AT_A_TIME)
                if not _is_there(connection):
                    for statement in BEGINNING:
                        connection.execute(statement.encode())
                for step in ALL_STEPS[len(_applied(connection)) :]:
                    for statement in step.statements:
                        connection.execute(statement.encode())
                    connection.execute(_RECORD, (step.number, step.name, step.digest))
    except psycopg.Error as error:
        raise failure(error, name, "take its schema steps") from error


def _lacks(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether steps are missing; refuses tables of a newer program, or of a step that was edited."""
    if not _is_there(connection):
        return True
    steps = _applied(connection)
    ours = [(step.number, step.digest) for step in ALL_STEPS]
    if len(steps) > len(ours):
        raise StoreTooNew(
            f"the store {name} has schema step {len(steps)}, this program knows {len(ours)}",
            hint="Use the newer version of chatdoc that wrote it",
        )
    if steps != ours[: len(steps)]:
        raise StoreDamaged(f"the store {name} has other schema steps than this program took", hint=START_OVER)
    return len(steps) < len(ours)


def _is_there(connection: psycopg.Connection[Any]) -> bool:
    found = connection.execute(_IS_THERE).fetchone()
    return found is not None and bool(found[0])


def _applied(connection: psycopg.Connection[Any]) -> list[tuple[int, str]]:
    return [(int(step), str(digest)) for step, digest in connection.execute(_STEPS)]
