"""Prototypes of a command in PostgreSQL, with psycopg and no engine around them: the baseline for ours in the same run.

One command looks up its receipt, locks the row of its document, appends an update, an event, the row of a message and
a receipt, counts the row on and commits. It writes into the tables of a store, with their keys, indexes and row-level
security, copies of the rows that the engine wrote for one `send`; what they say is nobody's concern.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg

from chatdoc.store.postgres.schema_statements import SETTING, TABLES

Command = Callable[[str], object]
"""Carries one command out, by its id."""
_TABLES = (
    "updates",
    "orchestration_events",
    "projection_thread_messages",
    "orchestration_command_receipts",
)
_FRESH = {"updates": (0,), "orchestration_events": (0, 1, 4), "projection_thread_messages": (0,)}
"""Which columns of a row are no copy; the receipt's is the command id."""
_RECEIPT = "SELECT result FROM orchestration_command_receipts WHERE command_id = %s"
_LOCK = "SELECT last_update FROM document_order WHERE document = %s FOR UPDATE"
_COUNT = (
    "UPDATE document_order SET version = version + 1, last_update = %s, last_event = %s WHERE document = %s"
)
_SPEAK = f"SELECT set_config('{SETTING}', %s, false)"
_INSERT = {
    table: f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(TABLES[table].columns))})"
    for table in _TABLES
}
_INSERT_MANY = {
    table: f"INSERT INTO {table} SELECT unnest.* FROM unnest("
    f"{', '.join(f'%s::{TABLES[table].types[column]}[]' for column in TABLES[table].columns)})"
    for table in _TABLES
}


class Document(NamedTuple):
    """A document that the engine made: its key, and the rows of its last command."""

    key: str
    rows: dict[str, tuple[Any, ...]]

    def rows_of(self, sequence: int, command_id: str) -> list[tuple[Any, ...]]:
        """The rows of one more command, which is the next one after so many."""
        found = []
        for table in _TABLES:
            row = list(self.rows[table])
            for place in _FRESH.get(table, ()):
                row[place] = sequence if type(row[place]) is int else f"{sequence:026}"
            if table == "orchestration_command_receipts":
                row[0] = command_id
            found.append(tuple(row))
        return found


def document(connection: psycopg.Connection[Any], name: str) -> Document:
    """The document of a name."""
    found = connection.execute("SELECT document FROM document_order WHERE name = %s", (name,)).fetchone()
    assert found is not None, name
    connection.execute(_SPEAK, found)
    rows = {}
    for table in _TABLES:
        columns = TABLES[table].columns
        asked = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]} DESC LIMIT 1"
        rows[table] = connection.execute(asked.encode()).fetchone() or ()
    # Sequences of the copies begin far beyond what the engine has written.
    connection.execute(
        "UPDATE document_order SET last_update = 1000000 WHERE document = %s AND last_update < 1000000", found
    )
    return Document(found[0], rows)


class Pipelined:
    """Statement by statement, in two trips: what is asked, and what is written with the COMMIT."""

    def __init__(self, url: str) -> None:
        self.connection = connected(url)
        self._key = ""

    def carry_out(self, one: Document, command_id: str) -> None:
        """Carry one command out."""
        with self.connection.pipeline() as pipeline:
            run = self.connection.execute
            run("BEGIN")
            if self._key != one.key:
                self._key = one.key
                run(_SPEAK, (one.key,))
            known, locked = run(_RECEIPT, (command_id,)), run(_LOCK, (one.key,))
            pipeline.sync()
            assert known.fetchone() is None, "each id comes once"
            sequence = (locked.fetchone() or (0,))[0] + 1
            for table, row in zip(_TABLES, one.rows_of(sequence, command_id), strict=True):
                run(_INSERT[table].encode(), row)
            run(_COUNT, (sequence, sequence, one.key))
            run("COMMIT")


class ServerFunction:
    """The same as one function of the database, in one trip."""

    def __init__(self, url: str) -> None:
        self.connection = connected(url)

    def carry_out(self, one: Document, command_id: str) -> None:
        """Carry one command out."""
        values = [value for row in one.rows_of(0, command_id) for value in row]
        self.connection.execute(_CALL.encode(), (one.key, command_id, *values))


class Owner:
    """The commands that wait for one document are one transaction, of two trips, with a row each in every table."""

    def __init__(self, url: str, one: Document) -> None:
        self.connection, self._one = connected(url), one
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self.connection.execute(_SPEAK, (one.key,))

    async def carry_out(self, command_id: str) -> None:
        """Carry one command out, together with those that wait."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((command_id, done))
        if len(self._waiting) == 1:
            self._turn = asyncio.ensure_future(self._go_on())
        await done

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(0)
            some = list(self._waiting)
            await asyncio.to_thread(self._batch, [command_id for command_id, _ in some])
            for _, done in some:
                done.set_result(None)
            del self._waiting[: len(some)]
            if not self._waiting:
                return

    def _batch(self, command_ids: Sequence[str]) -> None:
        with self.connection.pipeline() as pipeline:
            run = self.connection.execute
            run("BEGIN")
            # Each by its key: for one question with ANY the database reads all receipts of the document.
            known = run(" UNION ALL ".join([_RECEIPT] * len(command_ids)).encode(), command_ids)
            locked = run(_LOCK, (self._one.key,))
            pipeline.sync()
            assert known.fetchone() is None, "each id comes once"
            before = (locked.fetchone() or (0,))[0]
            rows = [
                self._one.rows_of(before + number, command_id)
                for number, command_id in enumerate(command_ids, 1)
            ]
            for table, of_table in zip(_TABLES, zip(*rows, strict=True), strict=True):
                run(_INSERT_MANY[table].encode(), [list(column) for column in zip(*of_table, strict=True)])
            last = before + len(command_ids)
            run(_COUNT, (last, last, self._one.key))
            run("COMMIT")


@contextmanager
def opened(kind: str, url: str, names: Sequence[str]) -> Iterator[list[Command]]:
    """Commands of a prototype, `pipelined` or `function`, for some documents; any thread may call one at a time."""
    made = {"pipelined": Pipelined, "function": ServerFunction}[kind]
    with connected(url) as connection:
        documents = [document(connection, name) for name in names]
    idle: list[Pipelined | ServerFunction] = []

    def command(one: Document) -> Command:
        def carry_out(command_id: str) -> None:
            prototype = idle.pop() if idle else made(url)
            prototype.carry_out(one, command_id)
            idle.append(prototype)

        return carry_out

    yield [command(one) for one in documents]
    for prototype in idle:
        prototype.connection.close()


def define(url: str) -> None:
    """Make the function that `ServerFunction` calls; the tables may come later."""
    with connected(url) as connection:
        connection.execute(_FUNCTION.encode())


def connected(url: str) -> psycopg.Connection[Any]:
    """A connection that prepares each statement at its first use."""
    connection = psycopg.connect(url, autocommit=True)
    connection.prepare_threshold = 0
    return connection


def _inserts() -> tuple[str, str]:
    """The parameters of the function beside its document and command, and its INSERTs."""
    named, inserts = [], []
    for table in _TABLES:
        values = []
        for place, column in enumerate(TABLES[table].columns):
            kind = TABLES[table].types[column]
            named.append(f"v{len(named)} {kind}")
            fresh = place in _FRESH.get(table, ())
            value = f"v{len(named) - 1}"
            values.append(value if not fresh else "next" if kind == "bigint" else "lpad(next::text, 26, '0')")
        inserts.append(f"INSERT INTO {table} VALUES ({', '.join(values)});")
    return ", ".join(named), " ".join(inserts)


_NAMED, _INSERTS = _inserts()
_FUNCTION = f"""CREATE OR REPLACE FUNCTION bare_command(of_document text, id text, {_NAMED}) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE next bigint; known bytea;
BEGIN
    PERFORM set_config('{SETTING}', of_document, true);
    SELECT last_update + 1 INTO next FROM document_order WHERE document = of_document FOR UPDATE;
    SELECT result INTO known FROM orchestration_command_receipts WHERE command_id = id;
    IF FOUND THEN RETURN known; END IF;
    {_INSERTS}
    UPDATE document_order SET version = version + 1, last_update = next, last_event = next
        WHERE document = of_document;
    RETURN NULL;
END $$"""
_CALL = f"SELECT bare_command({', '.join(['%s'] * (2 + _NAMED.count(',') + 1))})"
