"""One side in SQLite: a schema's own rows, with identities, tombstones and what it has no columns for beside them."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Any, Protocol

from chatdoc.store.dual.phases import SideName
from chatdoc.store.dual.ports import Record, Row, Scope
from chatdoc.store.dual.sqlite_file import SqliteFile

_TABLES = (
    "CREATE TABLE IF NOT EXISTS dual_identities (entity TEXT NOT NULL, side TEXT NOT NULL, identity TEXT NOT NULL,"
    " row_id INTEGER NOT NULL, PRIMARY KEY (entity, side, identity), UNIQUE (entity, side, row_id))",
    "CREATE TABLE IF NOT EXISTS dual_tombstones (entity TEXT NOT NULL, side TEXT NOT NULL, identity TEXT NOT NULL,"
    " deleted_at TEXT NOT NULL, PRIMARY KEY (entity, side, identity))",
    "CREATE TABLE IF NOT EXISTS dual_extras (entity TEXT NOT NULL, side TEXT NOT NULL, row_id INTEGER NOT NULL,"
    " fields_json TEXT NOT NULL, PRIMARY KEY (entity, side, row_id))",
)


_CHUNK = 500
"""So many ids are asked for in one statement."""


class Schema(Protocol):
    """How one schema holds an entity. Records hold what its columns can tell."""

    table: str

    def select(self, file: SqliteFile, scope: Scope, row_id: int | None) -> list[tuple[int, Record]]:
        """Row ids and records in a scope, or of one row, by row id."""
        ...

    def insert(self, file: SqliteFile, record: Record) -> int:
        """Add a row; returns its id."""
        ...

    def update(self, file: SqliteFile, row_id: int, record: Record) -> None:
        """Make a row hold a record."""
        ...

    def remove(self, file: SqliteFile, row_id: int) -> None:
        """Remove a row."""
        ...


class SqliteSide:
    """A Side over one schema in one file."""

    def __init__(self, file: SqliteFile, entity: str, name: SideName, schema: Schema) -> None:
        self.file, self.name, self.schema = file, name, schema
        self._key = (entity, name)

    def is_there(self) -> bool:
        """Whether its table exists."""
        return self.file.has_table(self.schema.table)

    def prepare(self) -> None:
        """Make the tables beside the schema's own."""
        for statement in _TABLES:
            self.file.ask(statement)

    def find(self, scope: Scope) -> list[Row]:
        """The rows in a scope, by row id."""
        rows = self.schema.select(self.file, scope, None)
        ids = [row_id for row_id, _ in rows] if scope else None
        known = {row_id: identity for identity, row_id in self._beside("dual_identities", "identity", ids)}
        extras = {
            row_id: json.loads(text) for text, row_id in self._beside("dual_extras", "fields_json", ids)
        }
        return [
            Row(row_id, known.get(row_id), {**record, **extras.get(row_id, {})}) for row_id, record in rows
        ]

    def get(self, identity: str) -> Row | None:
        """One row."""
        row_id = self._row_id(identity)
        return None if row_id is None else self._row(row_id, identity)

    def put(self, identity: str, record: Record) -> int:
        """Make the row of this identity hold this record; the same one twice changes nothing."""
        with self.writing():
            self._ask("DELETE FROM dual_tombstones WHERE entity = ? AND side = ? AND identity = ?", identity)
            row_id = self._row_id(identity)
            if row_id is not None and self._row(row_id, identity) is None:
                self._forget(identity, row_id)
                row_id = None
            if row_id is None:
                row_id = self.schema.insert(self.file, record)
                self._bind(row_id, identity)
            else:
                self.schema.update(self.file, row_id, record)
            self._keep_extras(row_id, record)
            return row_id

    def bind(self, row_id: int, identity: str) -> None:
        """Give an identity to a row."""
        self._bind(row_id, identity)

    def delete(self, identity: str, deleted_at: str) -> None:
        """Remove a row and leave a tombstone."""
        with self.writing():
            row_id = self._row_id(identity)
            if row_id is not None:
                self.schema.remove(self.file, row_id)
                self._forget(identity, row_id)
            self._ask("INSERT OR IGNORE INTO dual_tombstones VALUES (?, ?, ?, ?)", identity, deleted_at)

    def deleted(self, identities: Collection[str]) -> set[str]:
        """Those that have a tombstone, or whose row another program removed."""
        wanted = sorted(identities)
        return {
            one
            for begin in range(0, len(wanted), _CHUNK)
            for one in self._gone(wanted[begin : begin + _CHUNK])
        }

    def gone(self) -> list[str]:
        """Every identity with a tombstone, or whose row another program removed."""
        return sorted(self._gone(None))

    def page(self, after: str, limit: int) -> list[Row]:
        """Rows with an identity beyond this one, by identity."""
        found = self._ask(
            "SELECT identity, row_id FROM dual_identities WHERE entity = ? AND side = ? AND identity > ?"
            f" AND row_id IN (SELECT id FROM {self.schema.table}) ORDER BY identity LIMIT ?",
            after,
            limit,
        )
        rows = (self._row(row_id, identity) for identity, row_id in found)
        return [row for row in rows if row is not None]

    def unbound(self) -> list[Row]:
        """Rows without an identity, by row id."""
        return [row for row in self.find({}) if row.identity is None]

    def count(self) -> int:
        """How many rows there are."""
        return len(self.schema.select(self.file, {}, None))

    def writing(self) -> AbstractContextManager[None]:
        """One transaction, or a part of the one that is open."""
        return self.file.writing()

    def drop(self) -> None:
        """Remove the schema's table; identities and tombstones stay, so that nothing comes back."""
        self.file.ask(f"DROP TABLE IF EXISTS {self.schema.table}")

    # rows

    def _row(self, row_id: int, identity: str) -> Row | None:
        found = self.schema.select(self.file, {}, row_id)
        if not found:
            return None
        return Row(row_id, identity, {**found[0][1], **self._extras(row_id)})

    def _keep_extras(self, row_id: int, record: Record) -> None:
        told = self.schema.select(self.file, {}, row_id)[0][1]
        extras = {name: value for name, value in record.items() if told.get(name) != value}
        self._ask("DELETE FROM dual_extras WHERE entity = ? AND side = ? AND row_id = ?", row_id)
        if extras:
            text = json.dumps(extras, ensure_ascii=False, sort_keys=True)
            self._ask("INSERT INTO dual_extras VALUES (?, ?, ?, ?)", row_id, text)

    def _bind(self, row_id: int, identity: str) -> None:
        self._ask("INSERT INTO dual_identities VALUES (?, ?, ?, ?)", identity, row_id)

    def _forget(self, identity: str, row_id: int) -> None:
        self._ask("DELETE FROM dual_identities WHERE entity = ? AND side = ? AND identity = ?", identity)
        self._ask("DELETE FROM dual_extras WHERE entity = ? AND side = ? AND row_id = ?", row_id)

    def _row_id(self, identity: str) -> int | None:
        if not self._prepared():
            return None
        found = self._ask(
            "SELECT row_id FROM dual_identities WHERE entity = ? AND side = ? AND identity = ?", identity
        )
        return int(found[0][0]) if found else None

    def _extras(self, row_id: int) -> Record:
        found = self._beside("dual_extras", "fields_json", [row_id])
        return dict(json.loads(found[0][0])) if found else {}

    def _beside(self, table: str, column: str, row_ids: list[int] | None) -> list[tuple[Any, int]]:
        """What stands beside rows, all of them or those with these ids."""
        if not self._prepared():
            return []
        statement = f"SELECT {column}, row_id FROM {table} WHERE entity = ? AND side = ?"
        if row_ids is None:
            return [(value, row_id) for value, row_id in self._ask(statement)]
        found = []
        for begin in range(0, len(row_ids), _CHUNK):
            some = row_ids[begin : begin + _CHUNK]
            found += self._ask(f"{statement} AND row_id IN ({_marks(some)})", *some)
        return [(value, row_id) for value, row_id in found]

    def _gone(self, some: list[str] | None) -> set[str]:
        if not self._prepared():
            return set()
        only, values = ("", []) if some is None else (f" AND identity IN ({_marks(some)})", some)
        where = f"WHERE entity = ? AND side = ?{only}"
        found = self._ask(f"SELECT identity FROM dual_tombstones {where}", *values)
        if self.is_there():
            lost = f"AND row_id NOT IN (SELECT id FROM {self.schema.table})"
            found += self._ask(f"SELECT identity FROM dual_identities {where} {lost}", *values)
        return {one for (one,) in found}

    def _prepared(self) -> bool:
        return self.file.has_table("dual_extras")

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self.file.ask(statement, (*self._key, *values))


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
