"""A revert hides rows and destroys none: each lies in `reverted_rows` until the revert is undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from chatdoc.store.projections.projector import Execute, json_text
from chatdoc.store.projections.row_types import from_json

KEEP = "INSERT INTO reverted_rows VALUES (?, ?, ?, ?, ?)"
_HIDDEN_BY = (
    "SELECT row_id, row_json FROM reverted_rows"
    " WHERE thread_id = ? AND revert_sequence = ? AND table_name = ? ORDER BY row_id"
)
_HIDDEN_OF = "SELECT row_json FROM reverted_rows WHERE thread_id = ? AND table_name = ? ORDER BY row_id"
_HIDDEN = "SELECT row_json FROM reverted_rows WHERE table_name = ? AND row_id = ?"
_REPLACE = "UPDATE reverted_rows SET row_json = ? WHERE table_name = ? AND row_id = ?"
FORGET = "DELETE FROM reverted_rows WHERE table_name = ? AND row_id = ?"
_FORGET_ONE = f"{FORGET} AND revert_sequence = ?"


class Table(NamedTuple):
    """A table whose rows may be hidden; its first `keys` columns tell one row from another."""

    name: str
    columns: tuple[str, ...]
    thread: int
    """Where among the columns the thread stands."""
    keys: int = 1

    @property
    def select(self) -> str:
        """The beginning of a question for whole rows."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"

    def hide(self, execute: Execute, rows: Iterable[Sequence[Any]], sequence: int) -> None:
        """Move rows out of sight; `sequence` is the event that hides them."""
        matching = " AND ".join(f"{column} = ?" for column in self.columns[: self.keys])
        for row in rows:
            key = row[: self.keys]
            execute(KEEP, (self.name, _row_id(key), row[self.thread], sequence, json_text(row)))
            execute(f"DELETE FROM {self.name} WHERE {matching}", key)

    def take_back(self, execute: Execute, thread_id: str, sequence: int) -> Iterator[list[Any]]:
        """The rows that one event hid in a thread; they are hidden no more."""
        for row_id, row_json in execute(_HIDDEN_BY, (thread_id, sequence, self.name)).fetchall():
            execute(_FORGET_ONE, (self.name, row_id, sequence))
            yield from_json(row_json, list, "reverted_rows", row_id)

    def show(self, execute: Execute, row: Sequence[Any]) -> bool:
        """Put a row back; a place that was taken since stays taken."""
        places = ", ".join("?" * len(row))
        statement = f"INSERT OR IGNORE INTO {self.name} ({', '.join(self.columns)}) VALUES ({places})"
        return execute(statement, row).rowcount > 0

    def hidden(self, execute: Execute, *key: Any) -> dict[str, Any] | None:
        """A hidden row by column, or None."""
        found = execute(_HIDDEN, (self.name, _row_id(key))).fetchone()
        if found is None:
            return None
        row = from_json(found[0], list, "reverted_rows", _row_id(key))
        return dict(zip(self.columns, row, strict=True))

    def hidden_of(self, execute: Execute, thread_id: str) -> list[dict[str, Any]]:
        """The hidden rows of a thread by column."""
        found = execute(_HIDDEN_OF, (thread_id, self.name)).fetchall()
        rows = [
            from_json(row, list, "reverted_rows", f"of {self.name} in thread {thread_id}") for (row,) in found
        ]
        return [dict(zip(self.columns, row, strict=True)) for row in rows]

    def change_hidden(self, execute: Execute, row: dict[str, Any]) -> None:
        """Write a hidden row anew, so that it comes back as it is by now."""
        values = list(row.values())
        execute(_REPLACE, (json_text(values), self.name, _row_id(values[: self.keys])))

    def forget(self, execute: Execute, *key: Any) -> None:
        """Let go of a hidden row, however often it was hidden."""
        execute(FORGET, (self.name, _row_id(key)))


def _row_id(key: Sequence[Any]) -> str:
    return "/".join(str(part) for part in key)
