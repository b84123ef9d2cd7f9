"""SQL translation of statements: what the parts of a store say in SQLite's words, in those of PostgreSQL.

A statement is translated once and remembered. Text that PostgreSQL refuses, NUL, is spelled with another character.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count

from chatdoc.store.postgres.schema_statements import TABLES, Table

_SPECIAL = {
    "PRAGMA freelist_count": "SELECT 0",
    "PRAGMA page_size": "SELECT 0",
    "SELECT name FROM pragma_table_info(?) ORDER BY cid": (
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0"
        " AND NOT attisdropped AND attname <> 'document' ORDER BY attnum"
    ),
}
"""Statements about the database itself; PostgreSQL keeps no list of free pages that could be asked for."""
_INSERT = re.compile(r"INSERT OR (REPLACE|IGNORE) INTO (\w+)(?: \(([\w, ]+)\))? ", re.DOTALL)
_EVERYTHING = re.compile(r"SELECT \* FROM (\w+)")
_BYTES = re.compile(r"length\(CAST\((\w+) AS BLOB\)\)")
_IS_NOT = re.compile(r"\bIS NOT (?=\?|excluded\.)")
_VALUE = re.compile(r"\?(\d*)")


@lru_cache(1000)
def translated(statement: str) -> str:
    """A statement in PostgreSQL's words, its values as `$1`, `$2`, ….

    Statements are constants or built from a few of them, so all of them are remembered.
    """
    special = _SPECIAL.get(statement)
    if special is not None:
        return special
    found = _INSERT.match(statement)
    if found is not None:
        statement = _insert(found, statement)
    elif statement.startswith("INSERT"):
        statement = statement.replace("ON CONFLICT (", "ON CONFLICT (document, ")
    statement = _EVERYTHING.sub(lambda all_of: _select(TABLES[all_of[1]]), statement)
    statement = _IS_NOT.sub("IS DISTINCT FROM ", statement)
    statement = _BYTES.sub(r"octet_length(\1)", statement)
    numbers = count(1)
    return _VALUE.sub(lambda value: f"${value[1] or next(numbers)}", statement)


def _select(table: Table) -> str:
    return f"SELECT {', '.join(table.columns)} FROM {table.name}"


def _insert(found: re.Match[str], statement: str) -> str:
    """A row that replaces the one of its key in every column, as SQLite does it, or gives way to it."""
    table, rest = TABLES[found[2]], statement[found.end() :]
    named = "" if found[3] is None else f" ({found[3]})"
    begin = f"INSERT INTO {table.name}{named} {rest} ON CONFLICT"
    if found[1] == "IGNORE":
        return f"{begin} DO NOTHING"
    given = table.columns if found[3] is None else tuple(column.strip() for column in found[3].split(","))
    key = next(key for key in table.keys if set(key) <= set(given))
    changes = ", ".join(f"{column} = excluded.{column}" for column in table.columns if column not in key)
    return f"{begin} (document, {', '.join(key)}) DO UPDATE SET {changes}"


_ESCAPE, _NUL = "\x1a", "\0"


def escaped(text: str) -> str:
    """A text as PostgreSQL takes it; different ones stay different."""
    if _NUL in text or _ESCAPE in text:
        return text.replace(_ESCAPE, _ESCAPE + "1").replace(_NUL, _ESCAPE + "0")
    return text


def unescaped(text: str) -> str:
    """A text as it was before it was escaped."""
    if _ESCAPE in text:
        return text.replace(_ESCAPE + "0", _NUL).replace(_ESCAPE + "1", _ESCAPE)
    return text
