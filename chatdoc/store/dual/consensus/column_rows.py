"""An entity in a table of its own, a column a field: what both old schemas are, but for their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chatdoc.store.dual.ports import Record, Scope
from chatdoc.store.dual.sqlite_file import SqliteFile


class ColumnRows:
    """The rows of one table with a column `id`; `columns` says which field each of its others holds."""

    def __init__(self, table: str, columns: Mapping[str, str], normal: Callable[[Record], Record]) -> None:
        self.table = table
        self._columns = dict(columns)
        self._normal = normal

    def select(self, file: SqliteFile, scope: Scope, row_id: int | None) -> list[tuple[int, Record]]:
        """Row ids and records, by row id."""
        where, values = condition(scope, row_id, "id")
        rows = file.ask(f"SELECT id, {', '.join(self._columns)} FROM {self.table}{where} ORDER BY id", values)
        fields = self._columns.values()
        return [(row[0], self._normal(dict(zip(fields, row[1:], strict=True)))) for row in rows]

    def insert(self, file: SqliteFile, record: Record) -> int:
        """Add a row."""
        marks = ", ".join("?" * len(self._columns))
        return file.insert(
            f"INSERT INTO {self.table} ({', '.join(self._columns)}) VALUES ({marks})", self._values(record)
        )

    def update(self, file: SqliteFile, row_id: int, record: Record) -> None:
        """Make a row hold a record."""
        sets = ", ".join(f"{column} = ?" for column in self._columns)
        file.ask(f"UPDATE {self.table} SET {sets} WHERE id = ?", (*self._values(record), row_id))

    def remove(self, file: SqliteFile, row_id: int) -> None:
        """Remove a row."""
        file.ask(f"DELETE FROM {self.table} WHERE id = ?", (row_id,))

    def _values(self, record: Record) -> list[Any]:
        return [record.get(field) for field in self._columns.values()]


def condition(scope: Scope, row_id: int | None, row_column: str) -> tuple[str, list[Any]]:
    """The WHERE of a scope, or of one row."""
    known = {"spec_id", "stage", "agent_name"}
    assert set(scope) <= known, "a scope names columns that both schemas have"
    parts = [f"{name} = ?" for name in scope]
    values: list[Any] = list(scope.values())
    if row_id is not None:
        parts.append(f"{row_column} = ?")
        values.append(row_id)
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), values
