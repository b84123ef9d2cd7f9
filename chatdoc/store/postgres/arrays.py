"""Binary arrays: a column of values as PostgreSQL takes it in one parameter."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any

from chatdoc.store.postgres.dialect import escaped


class Column(bytes):
    """Many values as one."""


class Bigints(Column):
    """Numbers."""


class Texts(Column):
    """Texts."""


class Blobs(Column):
    """Bytes."""


_ELEMENT = {"bigint": 20, "text": 25, "bytea": 17}
_COLUMN: dict[str, type[Column]] = {"bigint": Bigints, "text": Texts, "bytea": Blobs}
ARRAY: dict[type, int] = {Bigints: 1016, Texts: 1009, Blobs: 1001}
"""The numbers by which the database knows the types of arrays."""
_head, _size, _number = Struct(">iiIii").pack, Struct(">i").pack, Struct(">q").pack
_NULL = _size(-1)


def column(kind: str, values: Sequence[Any]) -> Column:
    """The values of a column of a type."""
    spelled = values
    if kind == "text":
        spelled = [None if one is None else escaped(one).encode() for one in values]
    elif kind == "bigint":
        spelled = [None if one is None else _number(one) for one in values]
    head = _head(1, None in spelled, _ELEMENT[kind], len(values), 1)
    return _COLUMN[kind](
        head + b"".join([_NULL if one is None else _size(len(one)) + one for one in spelled])
    )
