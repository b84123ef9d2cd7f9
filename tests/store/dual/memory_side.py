"""A side in memory, written from the docstrings of the port alone, that can be broken and mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy

from chatdoc.model.errors import StoreError
from chatdoc.store.dual.ports import Entity, Record, Row, Scope

NOTE = Entity(
    name="note",
    fields=("place", "text", "at_ms"),
    group=lambda record: (record["place"],),
    content=lambda record: record["text"],
    moment_ms=lambda record: int(record["at_ms"]),
)


class MemorySide:
    """Rows in a dict; while `broken`, every call fails."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.rows: dict[int, Record] = {}
        self.ids: dict[str, int] = {}
        self.tombs: set[str] = set()
        self.broken = False
        self.last = 0

    @property
    def name(self) -> str:
        """`old` or `new`."""
        return self._name

    def prepare(self) -> None:
        """Nothing is needed."""

    def is_there(self) -> bool:
        """It always is."""
        return True

    def find(self, scope: Scope) -> list[Row]:
        """The rows in a scope."""
        self._check()
        known = {row_id: identity for identity, row_id in self.ids.items()}
        return [
            Row(row_id, known.get(row_id), dict(record))
            for row_id, record in sorted(self.rows.items())
            if all(record[name] == value for name, value in scope.items())
        ]

    def get(self, identity: str) -> Row | None:
        """One row."""
        self._check()
        row_id = self.ids.get(identity, 0)
        return Row(row_id, identity, dict(self.rows[row_id])) if row_id in self.rows else None

    def put(self, identity: str, record: Record) -> int:
        """Make the row hold the record."""
        self._check()
        self.tombs.discard(identity)
        if self.ids.get(identity) not in self.rows:
            self.last += 1
            self.ids[identity] = self.last
        self.rows[self.ids[identity]] = dict(record)
        return self.ids[identity]

    def bind(self, row_id: int, identity: str) -> None:
        """Give a row an identity."""
        self._check()
        self.ids[identity] = row_id

    def delete(self, identity: str, deleted_at: str) -> None:
        """Remove a row and leave a tombstone."""
        self._check()
        self.rows.pop(self.ids.pop(identity, 0), None)
        self.tombs.add(identity)

    def deleted(self, identities: Collection[str]) -> set[str]:
        """Those that are gone."""
        return set(self.gone()) & set(identities)

    def gone(self) -> list[str]:
        """Every identity that is gone."""
        self._check()
        return sorted(self.tombs | {one for one, row_id in self.ids.items() if row_id not in self.rows})

    def page(self, after: str, limit: int) -> list[Row]:
        """Rows by identity."""
        found = sorted(
            (row for row in self.find({}) if row.identity is not None), key=lambda row: str(row.identity)
        )
        return [row for row in found if str(row.identity) > after][:limit]

    def unbound(self) -> list[Row]:
        """Rows without an identity."""
        return [row for row in self.find({}) if row.identity is None]

    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing."""
        before = deepcopy((self.rows, self.ids, self.tombs))
        try:
            yield
        except BaseException:
            self.rows, self.ids, self.tombs = before
            raise

    def drop(self) -> None:
        """Remove everything."""
        self._check()
        self.rows.clear()

    def _check(self) -> None:
        if self.broken:
            raise StoreError(f"the {self._name} side is broken", hint="Mend it")
