"""Change data capture by log position: what a copy of a store lacks is read behind the end of its logs, and as a diff.

Logs only grow, so their new rows are those behind the last one that the copy has; rows of other tables are compared
with those of the copy. A log whose oldest rows went elsewhere, by sealing or by a compaction, is taken anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from chatdoc.model.errors import NewerEdits, StoreDamaged
from chatdoc.store import row_digests
from chatdoc.store.projections.projector import Execute, ExecuteMany

Row = tuple[Any, ...]
PAGE = 20_000
"""So many rows of a log are copied in one transaction."""
LOGS = {
    "updates": "sequence",
    "orchestration_events": "sequence",
    "orchestration_command_receipts": "result_sequence",
}
"""Tables that only grow, and the column that says in which order; some receipts have the same place."""
OWN = ("document", "document_move")
"""Tables in which each store speaks of itself."""
_BEGAN = "SELECT log_began_at_ms, floor FROM document"
_IS_SERVED = "SELECT 1 FROM document WHERE retired_at_ms IS NULL"
_BEGIN = "UPDATE document SET log_began_at_ms = ?, floor = ?"


class Shape(NamedTuple):
    """The columns of a table that go along, and those of its key; without one, its rows have an order."""

    columns: tuple[str, ...]
    key: tuple[str, ...] | None


Shapes = Mapping[str, Shape]


class Copy(NamedTuple):
    """What a copy has: the last place of each log and how many rows stand before it, and all rows of other tables."""

    ends: dict[str, tuple[int, int]]
    rows: dict[str, list[Row]]
    is_another: bool = False
    """Whether its logs are not the beginning of the source's, row by row, so that they are taken anew."""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy lacks; where it `is_last`, it has everything of that moment afterwards."""

    is_last: bool
    begins: dict[str, int]
    """From which place on each log is written anew; -1 where the copy keeps nothing of it."""
    appended: dict[str, list[Row]]
    changed: dict[str, list[Row]]
    """Tables that differ, with all their rows."""
    began: Row
    counts: dict[str, int]
    """How many rows each log has."""

    @property
    def size(self) -> int:
        """How many rows of logs it has."""
        return sum(len(rows) for rows in self.appended.values())


def held(execute: Execute, shapes: Shapes) -> Copy:
    """What a store has."""
    return Copy({log: _end(execute, log) for log in LOGS}, _others(execute, shapes))


def lacking(execute: Execute, shapes: Shapes, copy: Copy, *, page: int = PAGE) -> Delta:
    """What a copy lacks of the store that is asked, as of the moment of the open transaction."""
    begins, appended, is_last = {}, {}, True
    for log, order in LOGS.items():
        end, before = copy.ends[log]
        goes_on = not copy.is_another and _count(execute, log, f" WHERE {order} < ?", end) == before
        begins[log] = end if goes_on else -1
        limit = f" LIMIT {page}" if order == "sequence" else ""
        appended[log] = _log(execute, shapes, log, begins[log], limit)
        is_last = is_last and not (limit and len(appended[log]) == page)
    others = _others(execute, shapes) if is_last else {}
    return Delta(
        is_last=is_last,
        begins=begins,
        appended=appended,
        changed={table: rows for table, rows in others.items() if rows != copy.rows.get(table)},
        began=tuple(execute(_BEGAN).fetchone()),
        counts={log: _count(execute, log) for log in LOGS},
    )


def write(execute: Execute, executemany: ExecuteMany, shapes: Shapes, copy: Copy, delta: Delta) -> Copy:
    """Write into the copy what it lacks, in the open transaction; returns what it has then.

    Raises NewerEdits where the copy is not as this caller left it, and StoreDamaged where what is read back or counted
    is not what was written; each must undo the transaction.
    """
    served = execute(_IS_SERVED).fetchone()
    if served is not None or {log: _end(execute, log) for log in LOGS} != copy.ends:
        raise NewerEdits(
            "somebody else wrote to the copy, or lets it serve already, so nothing was written",
            hint="Do it again: what came is looked at first",
        )
    for log, order in LOGS.items():
        execute(f"DELETE FROM {log} WHERE {order} >= ?", (delta.begins[log],))
        executemany(_insert(log, shapes[log]), delta.appended[log])
    for table, rows in delta.changed.items():
        _change(execute, executemany, table, shapes[table], copy.rows.get(table, []), rows)
    execute(_BEGIN, delta.began)
    wrong = {
        log
        for log in LOGS
        if _log(execute, shapes, log, delta.begins[log]) != sorted(delta.appended[log], key=_spelled)
        or (delta.is_last and _count(execute, log) != delta.counts[log])
    }
    wrong |= {table for table, rows in delta.changed.items() if _in_order(execute, table, shapes) != rows}
    if wrong:
        raise StoreDamaged(
            f"a copy differs in {', '.join(sorted(wrong))} from what it was made of, so it was undone",
            hint="Check both stores: chatdoc check",
        )
    row_digests.put(execute, "document")
    return Copy({log: _end(execute, log) for log in LOGS}, copy.rows | delta.changed)


def rows_at(execute: Execute, shapes: Shapes, copy: Copy) -> list[Row]:
    """The rows of the logs at the places where those of a copy end."""
    found = []
    for log in ("updates", "orchestration_events"):
        question = f"SELECT {', '.join(shapes[log].columns)} FROM {log} WHERE {LOGS[log]} = ?"
        found += [tuple(row) for row in execute(question, (copy.ends[log][0],))]
    return found


def digests(execute: Execute, shapes: Shapes) -> dict[str, str]:
    """A digest of each table."""
    found = {}
    for table in shapes:
        rows = _log(execute, shapes, table, -1) if table in LOGS else _in_order(execute, table, shapes)
        found[table] = sha256(b"".join(map(_spelled, rows))).hexdigest()
    return found


def digest_of(tables: Mapping[str, str]) -> str:
    """One digest for those of all tables."""
    return sha256(msgspec.msgpack.encode(sorted(tables.items()))).hexdigest()


def _change(
    execute: Execute, executemany: ExecuteMany, table: str, shape: Shape, before: list[Row], after: list[Row]
) -> None:
    if shape.key is None:  # Their order is told by a number that the database gives.
        execute(f"DELETE FROM {table}")
        executemany(_insert(table, shape), after)
        return
    there, wanted = {_spelled(row): row for row in before}, {_spelled(row): row for row in after}
    places = [shape.columns.index(column) for column in shape.key]
    gone = [tuple(row[place] for place in places) for spelled, row in there.items() if spelled not in wanted]
    executemany(f"DELETE FROM {table} WHERE {' AND '.join(f'{one} = ?' for one in shape.key)}", gone)
    executemany(_insert(table, shape), [row for spelled, row in wanted.items() if spelled not in there])


def _others(execute: Execute, shapes: Shapes) -> dict[str, list[Row]]:
    return {table: _in_order(execute, table, shapes) for table in shapes if table not in LOGS}


def _in_order(execute: Execute, table: str, shapes: Shapes) -> list[Row]:
    """All rows of a table, in an order that no database chooses; without the digest of what is a store's own."""
    columns, key = shapes[table]
    found = execute(f"SELECT {', '.join(columns)} FROM {table}{'' if key else ' ORDER BY number'}")
    rows = [tuple(row) for row in found if (table, row[0]) != ("row_digests", "document")]
    return sorted(rows, key=_spelled) if key else rows


def _log(execute: Execute, shapes: Shapes, log: str, begin: int, limit: str = "") -> list[Row]:
    """The rows of a log from a place on, that of the last row included: of receipts the copy may lack some of it."""
    columns, order = ", ".join(shapes[log].columns), LOGS[log]
    found = execute(f"SELECT {columns} FROM {log} WHERE {order} >= ? ORDER BY {order}{limit}", (begin,))
    rows = [tuple(row) for row in found]
    return rows if limit else sorted(rows, key=_spelled)


def _end(execute: Execute, log: str) -> tuple[int, int]:
    last = int(execute(f"SELECT coalesce(max({LOGS[log]}), -1) FROM {log}").fetchone()[0])
    return last, _count(execute, log, f" WHERE {LOGS[log]} < ?", last)


def _count(execute: Execute, table: str, where: str = "", *values: int) -> int:
    return int(execute(f"SELECT count(*) FROM {table}{where}", values).fetchone()[0])


def _insert(table: str, shape: Shape) -> str:
    return f"INSERT INTO {table} ({', '.join(shape.columns)}) VALUES ({', '.join('?' * len(shape.columns))})"


def _spelled(row: Row) -> bytes:
    return msgspec.msgpack.encode(row)
