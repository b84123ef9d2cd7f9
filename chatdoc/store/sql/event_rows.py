"""Event rows: those of the table and those of sealed runs are read as one sequence, whichever of the two has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.event_runs import COLUMNS, Row, Run, may_hold, next_run, rows_of, run_before, run_with

_TABLE = f"SELECT {COLUMNS} FROM orchestration_events WHERE sequence > ?"
_AFTER = f"{_TABLE} ORDER BY sequence LIMIT ?"
_BETWEEN = f"{_TABLE} AND sequence < ? ORDER BY sequence LIMIT ?"
_STREAM = (
    f"{_TABLE} AND aggregate_kind = ? AND stream_id = ? AND stream_version > coalesce((SELECT stream_version"
    " FROM orchestration_events WHERE sequence = ? AND aggregate_kind = ? AND stream_id = ?), -1)"
    " ORDER BY stream_version LIMIT ?"
)
_NEWEST = "SELECT max(sequence) FROM orchestration_events WHERE aggregate_kind = ? AND stream_id = ?"
_NEWEST_OF_ALL = (
    "SELECT aggregate_kind, stream_id, max(sequence) FROM orchestration_events"
    " GROUP BY aggregate_kind, stream_id"
)
_AT = f"SELECT {COLUMNS} FROM orchestration_events WHERE sequence = ?"
_AT_VERSION = (
    f"SELECT {COLUMNS} FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND stream_version = ?"
)
_COPIES = (
    f"SELECT {COLUMNS} FROM orchestration_events"
    " WHERE sequence >= (SELECT min(first) FROM event_runs) AND sequence <= (SELECT max(last) FROM event_runs)"
    " ORDER BY sequence"
)


class EventRows:
    """Reads rows, ordered as COLUMNS are; a run that is damaged raises ValueError."""

    def __init__(self) -> None:
        self._decoded: tuple[object, list[Row]] = (None, [])
        """The bytes and the rows of the run that was decoded last: pages of one run follow each other."""

    def after(self, execute: Execute, after: int, limit: int) -> list[Row]:
        """The next rows beyond a sequence."""
        rows: list[Row] = []
        while len(rows) < limit:
            run = next_run(execute, after + 1)
            lacking = limit - len(rows)
            if run is None:
                return rows + execute(_AFTER, (after, lacking)).fetchall()
            if run.first > after + 1:
                rows += execute(_BETWEEN, (after, run.first, lacking)).fetchall()
                after = run.first - 1
            else:
                begin = after + 1 - run.first
                rows += self._rows(run)[begin : begin + lacking]
                after = run.last
        return rows

    def of_stream(self, execute: Execute, stream: tuple[str, str], after: int, limit: int) -> list[Row]:
        """The next rows of one stream beyond a sequence; runs that name it are decoded until there are enough.

        A run that was put in the place of another names other streams: what the newest row says is held against that.
        """
        rows: list[Row] = []
        since = after
        newest = execute(_NEWEST, stream).fetchone()[0]  # It is a row, wherever the others are.
        while len(rows) < limit and (run := next_run(execute, after + 1)) is not None:
            if newest is not None and run.first > newest:
                break
            if may_hold(run, stream[1]):
                rows += [row for row in self._rows(run) if row[0] > after and row[2:4] == stream]
            after = run.last
        if len(rows) < limit:
            rows += execute(_STREAM, (after, *stream, after, *stream, limit - len(rows))).fetchall()
        last = rows[-1][0] if rows else since
        if len(rows) < limit and last != max(since, newest or 0):
            raise ValueError(f"{stream[0]} {stream[1]} ends with event {last}, and event {newest} as a row")
        return rows[:limit]

    def at(self, execute: Execute, sequence: int) -> Row | None:
        """The row of a sequence."""
        run = run_with(execute, sequence)
        if run is not None:
            return self._rows(run)[sequence - run.first]
        found: Row | None = execute(_AT, (sequence,)).fetchone()
        return found

    def of_version(self, execute: Execute, stream: tuple[str, str], version: int, before: int) -> Row | None:
        """The row of a stream's version, which lies before a sequence."""
        found: Row | None = execute(_AT_VERSION, (*stream, version)).fetchone()
        while found is None and (run := run_before(execute, before)) is not None:
            found = next(_with_version(self._rows(run), stream, version), None)
            before = run.first
        return found

    def newest(self, execute: Execute) -> dict[tuple[str, str], int]:
        """The newest event of each stream that has a row; every stream must have that of its newest one."""
        return {
            (kind, stream_id): sequence for kind, stream_id, sequence in execute(_NEWEST_OF_ALL).fetchall()
        }

    def copies_that_differ(self, execute: Execute) -> list[int]:
        """Sequences of rows that lie in the table and in a run, and are not the same there."""
        copies = execute(_COPIES).fetchall()
        return [row[0] for row in copies if self.at(execute, row[0]) != tuple(row)]

    def _rows(self, run: Run) -> list[Row]:
        packed, rows = self._decoded
        if packed != run.packed or not rows or rows[0][0] != run.first:
            rows = rows_of(run)
            self._decoded = run.packed, rows
        return rows


def _with_version(rows: Iterable[Row], stream: tuple[str, str], version: int) -> Iterator[Row]:
    return (row for row in rows if row[4] == version and row[2:4] == stream)
