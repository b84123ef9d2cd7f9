"""Whole copy: every row that is stored of a document is written into another store of it, and compared there.

What both have must agree: the log of one is the beginning of that of the other, or nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Literal

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.store import row_digests
from chatdoc.store.ports import DocumentStore
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.registry import PUT, registration_values
from chatdoc.store.values import Registration

Standing = Literal["equal", "behind", "ahead", "differs"]
"""How the log of a store stands to that of another one: it lacks the end of it, goes beyond it, or is another's."""
_FILLED = ("markers", "log_compactions")
"""Tables whose rows are numbered by the database that holds them."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied: how many of each, and a digest over every row, the same on both sides."""

    updates: int
    events: int
    receipts: int
    digest: str


def standing(store: DocumentStore, other: DocumentStore) -> Standing:
    """How a store stands to another one of the same document, by every entry of both logs and every event.

    Events of the project are left out: they say in which folder an opening found the document, each for itself.
    """
    lacks = exceeds = False
    for ours, theirs in (_updates(store, other), _events(store, other)):
        shared = min(len(ours), len(theirs))
        if ours[:shared] != theirs[:shared]:
            return "differs"
        lacks, exceeds = lacks or len(theirs) > shared, exceeds or len(ours) > shared
    if lacks and exceeds:
        return "differs"
    return "behind" if lacks else "ahead" if exceeds else "equal"


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


def _updates(store: DocumentStore, other: DocumentStore) -> tuple[list[bytes], list[bytes]]:
    return _digests_of(store), _digests_of(other)


def _digests_of(store: DocumentStore) -> list[bytes]:
    return [sha256(b"%b\0%b" % (one.origin.encode(), one.update)).digest() for one in store.updates.entries()]


def _events(store: DocumentStore, other: DocumentStore) -> tuple[list[str], list[str]]:
    """The ids of the events that both logs still have one by one."""
    begin = max(one.events.compacted_through() for one in (store, other) if one.events is not None)
    return _ids_of(store, begin), _ids_of(other, begin)


def _ids_of(store: DocumentStore, after: int) -> list[str]:
    assert store.events is not None, "a stored document has an event log"
    found: list[str] = []
    while page := store.events.read(after):
        found += [event.event_id for event in page if event.aggregate_kind != "project"]
        after = page[-1].sequence
    return found
