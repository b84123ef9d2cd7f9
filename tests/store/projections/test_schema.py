"""The store has the tables of the orchestration contract, column by column, and what we added is said here.

`contract.py` has the tables as they were agreed; the schema steps have to meet them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from tests.store.projections.contract import CONTRACT, Expected
from tests.store.projections.world import empty_store

NAMED_INDEXES = {
    "idx_orch_events_stream_version",
}
CHECK = re.compile(r"CHECK\s*\(\s*(\w+)\s+IN\s*\(([^)]*)\)\s*\)")


@pytest.fixture(scope="module")
def store() -> Iterator[sqlite3.Connection]:
    """A store with every schema step taken."""
    connection = empty_store()
    yield connection
    connection.close()


def found(store: sqlite3.Connection, table: str) -> Expected:
    """A table as SQLite has it."""
    columns, key = {}, {}
    without_rowid = "WITHOUT ROWID" in sql_of(store, table)
    for _, name, kind, not_null, _, place in store.execute(f"PRAGMA table_info({table})"):
        # SQLite does not repeat NOT NULL for the key of a WITHOUT ROWID table, which is never NULL.
        columns[name] = (kind, bool(not_null or (without_rowid and place)))
        if place:
            key[place] = name
    indexes, unique = [], []
    for _, index, is_unique, origin, _ in store.execute(f"PRAGMA index_list({table})").fetchall():
        named = tuple(row[2] for row in store.execute(f"PRAGMA index_info({index})"))
        if origin != "pk":
            (unique if is_unique else indexes).append(named)
    checks = {
        column: tuple(value.strip().strip("'") for value in values.split(","))
        for column, values in CHECK.findall(sql_of(store, table))
    }
    return Expected(
        columns,
        tuple(key[place] for place in sorted(key)),
        tuple(sorted(unique)),
        tuple(sorted(indexes)),
        checks,
    )


def sql_of(store: sqlite3.Connection, table: str) -> str:
    """The statement that made a table."""
    row = store.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return "" if row is None else str(row[0])


@pytest.mark.parametrize("table", CONTRACT)
def test_table_meets_the_contract(store: sqlite3.Connection, table: str) -> None:
    """Columns in their order with type and NOT NULL, key, UNIQUE, indexes and CHECK lists."""
    expected = CONTRACT[table]
    came = found(store, table)
    assert list(came.columns.items()) == list(expected.columns.items())
    assert came.key == expected.key
    assert came.unique == tuple(sorted(expected.unique))
    assert came.indexes == tuple(sorted(expected.indexes))
    assert came.checks == expected.checks


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in CONTRACT for column in CONTRACT[table].checks]
)
def test_value_outside_its_list_is_refused_by_the_table(
    store: sqlite3.Connection, table: str, column: str
) -> None:
    """The row is taken with a value of the list and refused with another one."""
    expected = CONTRACT[table]

    def row(**given: Any) -> list[Any]:
        fill = {name: 1 if kind == "INTEGER" else "x" for name, (kind, _) in expected.columns.items()}
        return list(
            {**fill, **{name: values[0] for name, values in expected.checks.items()}, **given}.values()
        )

    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(expected.columns))})"
    store.execute("PRAGMA foreign_keys = OFF")
    store.execute("SAVEPOINT one")
    store.execute(insert, row())
    store.execute("ROLLBACK TO one")
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint"):
        store.execute(insert, row(**{column: "no such"}))
    store.execute("RELEASE one")


def test_no_table_of_the_contract_has_a_stranger_beside_it(store: sqlite3.Connection) -> None:
    """A new table of events or projections is written down here first."""
    names = {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in names if name.startswith(("orchestration_", "projection_"))}
    assert ours == {name for name in CONTRACT if name.startswith(("orchestration_", "projection_"))}


def test_indexes_of_events_have_their_names(store: sqlite3.Connection) -> None:
    """Others know this one by name; an index over the sequence of a stream would say the same again."""
    names = {
        row[0]
        for row in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'orchestration_events'"
            " AND name LIKE 'idx%'"
        )
    }
    assert names == NAMED_INDEXES


def test_sequences_are_never_used_again(store: sqlite3.Connection) -> None:
    """AUTOINCREMENT: a removed event's number does not come back for another one."""
    assert re.search(r"sequence INTEGER PRIMARY KEY AUTOINCREMENT", sql_of(store, "orchestration_events"))
