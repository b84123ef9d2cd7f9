"""Sealed runs: old entries of the update log as one compressed value, each with the digest it was appended with.

A run is decoded again and compared before it replaces anything, in the transaction that replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.compression import pack, unpack
from chatdoc.store.values import Sealed

RUN_BYTES = 8 * 1024 * 1024
"""A run ends with the entry that makes it larger than this, uncompressed: reading any of it decodes all of it."""
_MERGED_BYTES = RUN_BYTES // 4
"""A last run smaller than this is sealed anew with what came after it."""

_RUN = "SELECT bytes FROM update_runs WHERE first <= ? AND last >= ?"
_LAST_RUN = "SELECT first, entry_bytes, length(bytes) FROM update_runs ORDER BY first DESC LIMIT 1"
_ROWS = (
    "SELECT sequence, origin, recorded_at_ms, digest, bytes FROM updates WHERE sequence < ? ORDER BY sequence"
)
_PUT = "INSERT OR REPLACE INTO update_runs VALUES (?, ?, ?, ?)"
_REMOVE = "DELETE FROM updates WHERE sequence BETWEEN ? AND ?"
"""From both sides: PostgreSQL would look again at every row that the transaction has removed already."""
_SIZE = "SELECT coalesce(sum(length(bytes)), 0) FROM updates WHERE sequence < ?"


class Row(NamedTuple):
    """An entry as it is stored, its update uncompressed."""

    sequence: int
    origin: str
    recorded_at_ms: int
    digest: bytes
    update: bytes


_decoder = msgspec.msgpack.Decoder(list[Row])


def run_with(execute: Execute, sequence: int) -> object:
    """The stored run that has a sequence, for `entries_of`; None where no run has it."""
    found = execute(_RUN, (sequence, sequence)).fetchone()
    return None if found is None else found[0]


def entries_of(run: object) -> list[Row]:
    """The entries of a stored run; raises ValueError on damage."""
    try:
        return _decoder.decode(unpack(run))
    except msgspec.MsgspecError as error:
        raise ValueError(f"a run of entries is damaged ({type(error).__name__})") from error


def seal(execute: Execute, last: int, *, dry_run: bool) -> Sealed:
    """Put every entry before the last into runs, inside a transaction; a dry run writes nothing and says the same.

    Raises StoreDamaged where a run does not come back as it was, and ValueError where an entry is damaged.
    """
    entries = before = after = 0
    again = execute(_LAST_RUN).fetchone()
    sealed: list[Row] = []
    if again is not None and again[1] < _MERGED_BYTES:
        sealed, before = entries_of(run_with(execute, again[0])), again[2]
    before += int(execute(_SIZE, (last,)).fetchone()[0])
    for rows in _gathered(sealed, execute(_ROWS, (last,))):
        packed = pack(msgspec.msgpack.encode(rows))
        if entries_of(packed) != rows:
            raise StoreDamaged(
                f"entries {rows[0].sequence} to {rows[-1].sequence} do not come back from a run as they were",
                hint="Nothing was replaced; please report this with the version of zstandard",
            )
        entries += len(rows)
        after += len(packed)
        if not dry_run:
            size = sum(len(row.update) for row in rows)
            execute(_PUT, (rows[0].sequence, rows[-1].sequence, size, packed))
            execute(_REMOVE, (rows[0].sequence, rows[-1].sequence))
    return Sealed(entries=entries, bytes_before=before if entries else 0, bytes_after=after)


def _gathered(sealed: list[Row], stored: Iterable[Any]) -> Iterator[list[Row]]:
    """Entries in runs, the first of them going on from what was sealed; nothing where nothing came since."""
    rows, size, grew = sealed, sum(len(row.update) for row in sealed), False
    for sequence, origin, recorded_at_ms, digest, update in stored:
        rows.append(Row(sequence, origin, recorded_at_ms, digest, unpack(update)))
        size, grew = size + len(rows[-1].update), True
        if size > RUN_BYTES:
            yield rows
            rows, size, grew = [], 0, False
    if grew:
        yield rows
