"""Future: what a statement gives back, once somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from psycopg import pq

Await = Callable[["PendingAnswer"], None]
Read = Callable[[pq.abc.PGresult], list[Any]]


class PendingAnswer:
    """The answer to a statement that is on its way, or held."""

    __slots__ = ("_await", "_next", "_read", "_result", "_rows")

    def __init__(self, wait: Await, read: Read) -> None:
        self._await, self._read = wait, read
        self._result: pq.abc.PGresult | None = None
        self._rows: list[Any] | None = None
        self._next = 0

    def put(self, result: pq.abc.PGresult) -> None:
        """Hear the answer."""
        self._result = result

    def anew(self) -> PendingAnswer:
        """This answer for one more reader, who begins at its first row."""
        self._next = 0
        return self

    @property
    def has_arrived(self) -> bool:
        """Whether the statement was done and its answer is here."""
        return self._result is not None

    @property
    def rowcount(self) -> int:
        """How many rows the statement wrote."""
        return self._arrived().command_tuples or 0

    @property
    def tag(self) -> str:
        """What the database says that it did."""
        return (self._arrived().command_status or b"").decode()

    def fetchone(self) -> Any:
        """The next row, or None."""
        rows = self._all()
        if self._next >= len(rows):
            return None
        self._next += 1
        return rows[self._next - 1]

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows = self._all()
        left, self._next = rows[self._next :] if self._next else rows, len(rows)
        return left

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def _arrived(self) -> pq.abc.PGresult:
        if self._result is None:
            self._await(self)
        assert self._result is not None, "an answer comes for each statement that did not go out with others"
        return self._result

    def _all(self) -> list[Any]:
        if self._rows is None:
            self._rows = self._read(self._arrived())
        return self._rows
