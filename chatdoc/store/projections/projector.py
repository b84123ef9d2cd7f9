"""A projector turns events into the rows of its own tables, and knows nothing of connections or transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import Payload


class Cursor(Protocol):
    """What a statement gives back."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement wrote."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """The rows one by one."""


class Execute(Protocol):
    """Runs one SQL statement inside the caller's transaction."""

    def __call__(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """What the statement gives."""


class ExecuteMany(Protocol):
    """Runs one SQL statement for each row of values, inside the caller's transaction."""

    def __call__(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Nothing that is looked at."""


ReadEvents = Callable[[int, int], Sequence[Event]]
"""`read_events(after, limit)`: the events of the log after a sequence, in order; none when it ends there."""

Handler = Callable[[Execute, Event, Any], None]
"""Writes what one event means; the payload is given besides, so that a handler can name its type."""


PageFold = Callable[[Execute, ExecuteMany, Sequence[Event]], None]
"""Writes what many events mean, the same rows as one handler after the other would; there is no revert among them."""


class Projector(NamedTuple):
    """One of the eight folds; `name` stands in `projection_state` and never changes."""

    name: str
    tables: tuple[str, ...]
    """Tables only this projector writes; emptied, they are filled again from the log."""
    handlers: Mapping[type[Payload], Handler]
    fold_page: PageFold | None = None
    """How this projector takes many events at once, where that is faster."""


def json_text(value: Any) -> str:
    """A value as JSON text, the same for the same value."""
    return msgspec.json.encode(value, order="sorted").decode()


def update_given(execute: Execute, table: str, key: str, row: str, fields: Mapping[str, Any]) -> None:
    """Set the fields that were said; those that are UNSET stay, and a row that is not there stays away."""
    given = {name: value for name, value in fields.items() if value is not msgspec.UNSET}
    columns = ", ".join(f"{name} = ?" for name in given)
    execute(f"UPDATE {table} SET {columns} WHERE {key} = ?", (*given.values(), row))
