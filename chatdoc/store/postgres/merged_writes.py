"""Statement merging: writes of one transaction that do not look at each other are one statement for the database.

Each statement has a price of its own, on both sides, that is larger than that of the row it writes. So rows for one
table become one INSERT, an UPDATE that a later one overwrites is left out, and what is left is one WITH.
All parts of a WITH see what was there before it, so none may name a table that an earlier part writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chatdoc.store.postgres.arrays import column
from chatdoc.store.postgres.dialect import translated
from chatdoc.store.postgres.schema_statements import TABLES

PARTS_MAX = 12
"""So many statements one has at most."""
_ONE_ROW = re.compile(
    r"INSERT INTO (\w+)(?: \(([\w, ]+)\))? VALUES \((\$\d+(?:, \$\d+)*)\)( ON CONFLICT[^$]*)?", re.DOTALL
)
_VALUES = re.compile(r" VALUES \((\?(?:, \?)*)\)")
_CONFLICT = re.compile(r" ON CONFLICT \(document, ([\w, ]+)\) DO UPDATE")
_SET_BY_KEY = re.compile(
    r"UPDATE \w+ SET (\w+ = \$\d+(?:, \w+ = \$\d+)*) WHERE (\w+ = \$\d+(?: AND \w+ = \$\d+)*)"
)
_WRITES = re.compile(r"(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM) (\w+)")
_LITERALS = re.compile(r"'[^']*'")
_VALUE = re.compile(r"\$(\d+)")
_TYPES = {"bigint": int, "text": str, "bytea": bytes}
Values = Sequence[Any]


Write = tuple[str, Values]
"""A statement and its values; for many rows each value is a column of them."""


class Rows(NamedTuple):
    """An INSERT of one row that may take more of them: the types of its columns."""

    types: tuple[str, ...]
    key: tuple[int, ...]
    """Which values tell rows apart; empty where two equal ones do no harm."""


class Setting(NamedTuple):
    """An UPDATE of one row by its key: which values are the key."""

    key: tuple[int, ...]


@lru_cache(1000)
def table_of(statement: str) -> str | None:
    """The table that a statement writes to; None for one that writes nothing."""
    found = _WRITES.match(statement)
    return None if found is None else found[1]


@lru_cache(1000)
def words_of(statement: str) -> frozenset[str]:
    """All names in a statement, those of its tables among them."""
    return frozenset(re.findall(r"\w+", _LITERALS.sub("", statement)))


@lru_cache(1000)
def kind_of(statement: str) -> Rows | Setting | None:
    """What may be done with several of a statement; None where each must stay as it is."""
    text = translated(statement)
    found = _ONE_ROW.fullmatch(text)
    if found is not None and found[1] in TABLES:
        table = TABLES[found[1]]
        columns = table.columns if found[2] is None else tuple(map(str.strip, found[2].split(",")))
        conflict = _CONFLICT.match(found[4] or "")
        key = (
            () if conflict is None else tuple([columns.index(one.strip()) for one in conflict[1].split(",")])
        )
        numbers = [int(one) for one in _VALUE.findall(found[3])]
        if numbers == list(range(1, len(columns) + 1)):
            return Rows(tuple([table.types[column] for column in columns]), key)
    found = _SET_BY_KEY.fullmatch(text)
    if found is None:
        return None
    changed, place = _places(found[1]), _places(found[2])
    return None if changed.keys() & place.keys() else Setting(tuple(place.values()))


def gathered(writes: Sequence[Write]) -> list[Write]:
    """The same writes as fewer ones, in an order that means the same."""
    batches: list[_Batch] = []
    growing: dict[str, _Batch] = {}
    for statement, values in writes:
        table, words = table_of(statement), words_of(statement)
        for other in [other for other in growing if other != statement]:
            if table in words_of(other) or table_of(other) in words:
                del growing[other]
        kind, batch = kind_of(statement), growing.get(statement)
        if batch is None or not _joins(batch, kind, values):
            batch = _Batch(statement)
            batches.append(batch)
            growing.pop(statement, None)
            if kind is not None and _joins(batch, kind, values):
                growing[statement] = batch
            else:
                batch.rows = [values]
    found: list[Write] = []
    for batch in batches:
        kind = kind_of(batch.statement)
        if len(batch.rows) > 1 and isinstance(kind, Rows):
            columns = zip(*batch.rows, strict=True)
            found.append(
                (
                    _with_columns(batch.statement),
                    [column(*one) for one in zip(kind.types, columns, strict=True)],
                )
            )
        else:
            found += [(batch.statement, row) for row in batch.rows]
    return found


@lru_cache(1000)
def ends_of(statements: tuple[str, ...]) -> tuple[int, ...]:
    """Where those end that may be one statement."""
    ends: list[int] = []
    begin = 0
    written: set[str] = set()
    for place, statement in enumerate(statements):
        if written & words_of(statement) or place - begin == PARTS_MAX:
            ends.append(place)
            begin, written = place, set()
        table = table_of(statement)
        assert table is not None, statement
        written.add(table)
    return (*ends, len(statements))


@lru_cache(1000)
def merged(statements: tuple[str, ...], last: str) -> str:
    """One statement that does what these do, and `last`; its values are theirs, one after the other."""
    texts, count = [], 0
    for number, statement in enumerate(statements):
        shift = count
        text = translated(statement)
        texts.append(f"part_{number} AS ({_VALUE.sub(lambda one: f'${int(one[1]) + shift}', text)})")  # noqa: B023
        count += max([int(one) for one in _VALUE.findall(text)], default=0)
    return f"WITH {', '.join(texts)} {last}"


@lru_cache(1000)
def _with_columns(statement: str) -> str:
    """An INSERT of one row as one that takes a column of values where it took a value."""
    return _VALUES.sub(r" SELECT unnest.* FROM unnest(\1)", statement, count=1)


class _Batch:
    """Rows of one statement."""

    def __init__(self, statement: str) -> None:
        self.statement, self.rows, self.places = statement, list[Values](), dict[Values, int]()


def _joins(batch: _Batch, kind: Rows | Setting | None, values: Values) -> bool:
    """Add a row to a batch, where that means the same."""
    if isinstance(kind, Setting):
        place = batch.places.setdefault(tuple([values[one] for one in kind.key]), len(batch.rows))
        batch.rows[place : place + 1] = [values]
        return True
    if kind is None or [
        value
        for value, named in zip(values, kind.types, strict=True)
        if value is not None and type(value) is not _TYPES[named]
    ]:
        return False
    if kind.key:
        key = tuple([values[one] for one in kind.key])
        if key in batch.places:
            return False
        batch.places[key] = len(batch.rows)
    batch.rows.append(values)
    return True


def _places(assignments: str) -> dict[str, int]:
    """The columns of `column = $number, …` or `column = $number AND …`, and where their values stand."""
    found = re.findall(r"(\w+) = \$(\d+)", assignments)
    return {column: int(number) - 1 for column, number in found}
