"""Whole copy: every row that is stored of a document is written into another store of it, and compared there.

Whether it may be written there says `chatdoc.engine.standing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.store import row_digests
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.registry import PUT, registration_values
from chatdoc.store.values import Registration

_FILLED = ("markers", "log_compactions")
"""Tables whose rows are numbered by the database that holds them."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied: how many of each, and a digest over every row, the same on both sides."""

    updates: int
    events: int
    receipts: int
    digest: str


def read_all(execute: Execute, tables: dict[str, tuple[str, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of these tables, in a fixed order."""
    return {
        table: sorted(
            (tuple(row) for row in execute(f"SELECT {', '.join(columns)} FROM {table}")), key=_order
        )
        for table, columns in tables.items()
    }


def write_all(
    execute: Execute,
    executemany: ExecuteMany,
    tables: dict[str, tuple[str, ...]],
    rows: dict[str, list[tuple[Any, ...]]],
    registration: Registration,
) -> Copied:
    """Put these rows in the place of all that is there, under a registration of their own; in the open transaction.

    Raises StoreDamaged, which must undo the transaction, where what is read back is not what was written.
    """
    for table, columns in tables.items():
        execute(f"DELETE FROM {table}")
        places = ", ".join("?" * len(columns))
        executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows[table])
    there = read_all(execute, tables)
    wrong = sorted(table for table in tables if there[table] != rows[table])
    if wrong:
        raise StoreDamaged(
            f"the copy of document {registration.document_id} differs in {', '.join(wrong)}, so it was undone",
            hint="Check the store it comes from: chatdoc check",
        )
    path, _, _, *rest = registration_values(registration)
    execute(PUT, (path, *rest))
    row_digests.put(execute, "document")
    return Copied(
        updates=max((row[0] for row in there["updates"]), default=0),
        events=_count_events(there),
        receipts=len(there["orchestration_command_receipts"]),
        digest=digest_of(there),
    )


def digest_of(rows: dict[str, list[tuple[Any, ...]]]) -> str:
    """The digest of every row but those that say where the file is."""
    told = sha256()
    for table in sorted(rows.keys() - {"document", "row_digests"}):
        told.update(msgspec.msgpack.encode([table, rows[table]]))
    return told.hexdigest()


def copied_tables(all_tables: Iterable[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """The columns of tables that go along; a number that the database gives a row stays behind."""
    return {
        name: tuple(column for column in columns if name not in _FILLED or column != "number")
        for name, columns in all_tables
        if name != "document_move"
    }


def _count_events(rows: dict[str, list[tuple[Any, ...]]]) -> int:
    """How many there are; the newest of each stream lies in the table also where a run has it."""
    runs = [range(first, last + 1) for first, last, *_ in rows["event_runs"]]
    alone = [row for row in rows["orchestration_events"] if not any(row[0] in run for run in runs)]
    return sum(map(len, runs)) + len(alone)


def _order(row: tuple[Any, ...]) -> bytes:
    return msgspec.msgpack.encode(row)
