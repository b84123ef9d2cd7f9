"""Ports of a dual-schema store: what an old and a new side must do, so that any entity with an identity can move.

A record is a dict of the entity's fields after normalising: equal values are equal Python values on both sides, and a
field that a side cannot tell is not in its dict, which is something else than None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

Record = dict[str, Any]
Scope = Mapping[str, str]
"""Columns and the values that rows must have in them; empty for all rows."""


class Row(NamedTuple):
    """A row of one side; `identity` is None where another program wrote it and nobody gave it one yet."""

    row_id: int
    identity: str | None
    record: Record


class Entity(NamedTuple):
    """What moves from old to new."""

    name: str
    fields: tuple[str, ...]
    """The fields that are compared."""
    group: Callable[[Record], tuple[str, ...]]
    """Rows of two sides can be the same thing only within one group."""
    content: Callable[[Record], Any]
    """What a program that wrote both sides wrote equally into both."""
    moment_ms: Callable[[Record], int]
    """When it was written; two programs' writes of one thing are moments apart."""


class Side(Protocol):
    """One schema's rows of one entity. Every method raises StoreError where the side is broken."""

    @property
    def name(self) -> str:
        """`old` or `new`."""
        ...

    def prepare(self) -> None:
        """Make what the side needs beside the schema's own tables."""
        ...

    def is_there(self) -> bool:
        """Whether its tables exist."""
        ...

    def find(self, scope: Scope) -> list[Row]:
        """The rows in a scope, in the order they were written; deleted ones are not there."""
        ...

    def get(self, identity: str) -> Row | None:
        """One row."""
        ...

    def put(self, identity: str, record: Record) -> int:
        """Make the row of this identity hold this record, whether it was there or not; returns its row id."""
        ...

    def bind(self, row_id: int, identity: str) -> None:
        """Give an identity to a row that another program wrote."""
        ...

    def delete(self, identity: str, deleted_at: str) -> None:
        """Remove a row and leave a tombstone, also where there is no row."""
        ...

    def deleted(self, identities: Collection[str]) -> set[str]:
        """Those of the identities that have a tombstone, or whose row another program removed."""
        ...

    def gone(self) -> list[str]:
        """Every identity of which `deleted` would say so."""
        ...

    def page(self, after: str, limit: int) -> list[Row]:
        """Rows with an identity beyond this one, by identity."""
        ...

    def unbound(self) -> list[Row]:
        """Rows without an identity."""
        ...

    def count(self) -> int:
        """How many rows there are."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """All or nothing of what is done within; within another one, of its own part alone."""
        ...

    def drop(self) -> None:
        """Remove the side's tables."""
        ...
