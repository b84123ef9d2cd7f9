"""A fold begins where the log does: at the first event, or at the rows folded from events that a compaction removed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from chatdoc.model.clock import EPOCH
from chatdoc.model.errors import StoreDamaged
from chatdoc.store.projections.projector import Execute, json_text

PIECE_LENGTH = 200_000
"""So many characters of rows are compressed at a time."""
_HIDDEN = "reverted_rows"

_LATEST = "SELECT through_sequence, through_at FROM log_compactions ORDER BY number DESC LIMIT 1"
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
_PIECES = "SELECT number, row_lines FROM baseline_pieces WHERE table_name = ? ORDER BY number"
_PUT = "INSERT INTO baseline_pieces VALUES (?, ?, ?)"


class Start(NamedTuple):
    """The last event that is in the baseline, and its moment."""

    sequence: int
    at: str


def start(execute: Execute) -> Start:
    """From where a fold begins; sequence 0 where the log has every event."""
    found = execute(_LATEST).fetchone()
    return Start(0, EPOCH) if found is None else Start(*found)


def pieces(execute: Execute, tables: Iterable[str]) -> Iterator[tuple[str, int, bytes]]:
    """The present rows of these tables, and those hidden from them, as rows of `baseline_pieces`."""
    for table in tables:
        for name, source, where in (
            (table, table, ""),
            (f"{_HIDDEN}/{table}", _HIDDEN, f" WHERE table_name = '{table}'"),
        ):
            for number, text in enumerate(_texts(execute, source, where)):
                yield name, number, zlib.compress(text.encode())


def keep(execute: Execute, tables: Iterable[str]) -> None:
    """Make the present rows of these tables the baseline; in the caller's transaction."""
    execute("DELETE FROM baseline_pieces")
    for piece in pieces(execute, tables):
        execute(_PUT, piece)


def reset(execute: Execute, tables: Iterable[str], begin: Start) -> None:
    """Bring these tables, and what is hidden from them, back to where a fold begins; raises StoreDamaged."""
    for table in tables:
        execute(f"DELETE FROM {table}")
        execute(f"DELETE FROM {_HIDDEN} WHERE table_name = ?", (table,))
        if begin.sequence:
            _restore(execute, table, table)
            _restore(execute, f"{_HIDDEN}/{table}", _HIDDEN)


def _texts(execute: Execute, source: str, where: str) -> Iterator[str]:
    columns = [name for (name,) in execute(_COLUMNS, (source,))]
    count = execute(f"SELECT count(*) FROM {source}{where}").fetchone()[0]
    lines = [json_text({"columns": columns, "rows": count})]
    length = 0
    for row in execute(f"SELECT {', '.join(columns)} FROM {source}{where}"):
        line = json_text(row)
        length += len(line)
        lines.append(line)
        if length >= PIECE_LENGTH:
            yield "\n".join(lines)
            lines, length = [], 0
    if lines:
        yield "\n".join(lines)


def _restore(execute: Execute, name: str, table: str) -> None:
    values = _lines(execute, name)
    head = next(values, None)
    if not isinstance(head, dict):
        raise _damaged(name, 0, "its first line is missing")
    columns: Sequence[str] = head["columns"]
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    count = 0
    for row in values:
        execute(statement, row)
        count += 1
    if count != head["rows"]:
        raise _damaged(name, count, f"{head['rows']} rows were kept and {count} are there")


def _lines(execute: Execute, name: str) -> Iterator[Any]:
    for number, packed in execute(_PIECES, (name,)).fetchall():
        try:
            yield from map(msgspec.json.decode, zlib.decompress(packed).split(b"\n"))
        except (zlib.error, msgspec.DecodeError, TypeError) as error:
            raise _damaged(name, number, str(error)) from error


def _damaged(name: str, number: int, why: str) -> StoreDamaged:
    return StoreDamaged(
        f"piece {number} of the baseline of {name} is not what was stored: {why}",
        hint="Keep a copy of the whole .chatdoc folder; with it moved away, each document opens from its .chat file",
    )
