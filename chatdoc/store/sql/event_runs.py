"""Sealed runs of events: old rows of the event log as one compressed value, column by column, each with its digest.

A run holds every event between its first and its last. The newest event of each stream stays in the table as well, so
that versions go on and constraints hold. A run is decoded again and compared before any row of it is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.model.events import codec
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.compression import pack, unpack
from chatdoc.store.values import Sealed

RUN_BYTES = 1024 * 1024
"""A run ends with the event that makes it larger than this, uncompressed: reading any of it decodes all of it."""
_MERGED_BYTES = RUN_BYTES // 4
"""A last run smaller than this is sealed anew with what came after it."""
_EACH = 64
"""So many bytes an event takes beside its texts."""

COLUMNS = ", ".join((*codec.COLUMNS, "digest"))
_WITH = "SELECT first, last, bytes FROM event_runs WHERE first <= ? AND last >= ?"
_NEXT = "SELECT first, last, bytes FROM event_runs WHERE last >= ? ORDER BY first LIMIT 1"
_BEFORE = "SELECT first, last, bytes FROM event_runs WHERE first < ? ORDER BY first DESC LIMIT 1"
_LAST = "SELECT first, last, bytes FROM event_runs ORDER BY first DESC LIMIT 1"
_LAST_BYTES = "SELECT event_bytes FROM event_runs WHERE first = ?"
_COMPACTED = "SELECT coalesce(max(through_sequence), 0) FROM log_compactions"
_ROWS = f"SELECT {COLUMNS} FROM orchestration_events WHERE sequence > ? ORDER BY sequence"
_PUT = "INSERT OR REPLACE INTO event_runs VALUES (?, ?, ?, ?)"
_REMOVE = (
    "DELETE FROM orchestration_events WHERE sequence > ? AND sequence <= ? AND sequence NOT IN"
    " (SELECT max(sequence) FROM orchestration_events GROUP BY aggregate_kind, stream_id)"
)

Row = tuple[Any, ...]


class Run(NamedTuple):
    """A run as it is stored."""

    first: int
    last: int
    packed: object


class SealedRun(NamedTuple):
    """A run that was just made, and proved to come back."""

    first: int
    last: int
    packed: bytes


_decode = msgspec.msgpack.Decoder(list[list[Any]]).decode


def run_with(execute: Execute, sequence: int) -> Run | None:
    """The run that has an event."""
    return _run(execute, _WITH, sequence, sequence)


def next_run(execute: Execute, sequence: int) -> Run | None:
    """The first run that ends with an event or after it."""
    return _run(execute, _NEXT, sequence)


def run_before(execute: Execute, sequence: int) -> Run | None:
    """The last run that begins before an event."""
    return _run(execute, _BEFORE, sequence)


def rows_of(run: Run) -> list[Row]:
    """The rows of a run, ordered as COLUMNS are; raises ValueError on damage."""
    try:
        columns = _decode(unpack(run.packed))
        rows = list(zip(*columns, strict=True))
    except msgspec.MsgspecError as error:
        raise ValueError(f"a run of events is damaged ({type(error).__name__})") from error
    if not rows or [row[0] for row in rows] != list(range(run.first, run.last + 1)):
        raise ValueError("a run of events has not the events that it names")
    return rows


def may_hold(run: Run, text: str) -> bool:
    """Whether a text stands in a run; that is found in a tenth of the time of decoding it. Raises as `rows_of` does."""
    return text.encode("utf-8", "surrogatepass") in unpack(run.packed)


def seal(execute: Execute, *, dry_run: bool) -> Sealed:
    """Put every event into runs, inside a transaction; a dry run writes nothing and says the same.

    Raises StoreDamaged where a run does not come back as it was, and ValueError where the last run is damaged.
    """
    events = before = after = 0
    kept = execute(_COMPACTED).fetchone()[0]
    again = _run(execute, _LAST)
    through = kept if again is None else again.last
    sealed: list[Row] = []
    if again is not None and execute(_LAST_BYTES, (again.first,)).fetchone()[0] < _MERGED_BYTES:
        sealed = rows_of(again)
    last = 0
    for rows, size in gathered(execute(_ROWS, (through,)), sealed):
        run = put_run(None if dry_run else execute, rows, size)
        events += len(rows)
        before += size
        after += len(run.packed)
        last = run.last
    if events and not dry_run:
        execute(_REMOVE, (kept, last))
    return Sealed(entries=0, events=events, bytes_before=before if events else 0, bytes_after=after)


def gathered(stored: Iterable[Any], sealed: Sequence[Row] = ()) -> Iterator[tuple[list[Row], int]]:
    """Events in runs with their bytes, the first run going on from what was sealed; nothing where nothing came."""
    rows, size, grew = list(sealed), sum(map(_size, sealed)), False
    for row in stored:
        rows.append(tuple(row))
        size, grew = size + _size(row), True
        if size > RUN_BYTES:
            yield rows, size
            rows, size, grew = [], 0, False
    if grew:
        yield rows, size


def put_run(execute: Execute | None, rows: list[Row], size: int) -> SealedRun:
    """Write a run, once it was decoded again and is what these rows are; without `execute` only say what it would be.

    Raises StoreDamaged where it does not come back as it was.
    """
    packed = pack(msgspec.msgpack.encode(list(zip(*rows, strict=True))))
    run = SealedRun(rows[0][0], rows[-1][0], packed)
    if rows_of(Run(*run)) != rows:
        raise StoreDamaged(
            f"events {run.first} to {run.last} do not come back from a run as they were",
            hint="Nothing was replaced; please report this with the version of zstandard",
        )
    if execute is not None:
        execute(_PUT, (run.first, run.last, size, packed))
    return run


def _run(execute: Execute, question: str, *values: int) -> Run | None:
    found = execute(question, values).fetchone()
    return None if found is None else Run(*found)


def _size(row: Row) -> int:
    try:
        return _EACH + sum(map(len, filter(None, (*row[1:4], *row[5:]))))
    except TypeError:  # Damage can make a number of a text.
        return _EACH + sum(len(value) for value in row if isinstance(value, (str, bytes)))
