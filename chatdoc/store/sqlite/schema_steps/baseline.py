"""Step 4: what was folded from events that are not in the log any more.

| table | one row is |
| --- | --- |
| `log_compactions` | a compaction: events up to `through_sequence`, the last of `through_at`, are in the baseline |
| `baseline_pieces` | some rows of a folded table as they were at the latest compaction |

`row_lines` is JSON text, a line a row, compressed by zlib. The first line of a table's first piece says its columns and
how many rows there are. Rows that a revert hid from a table are kept under `reverted_rows/` and the table's name.
"""

from __future__ import annotations

NAME = "baseline"
STATEMENTS = (
    """CREATE TABLE log_compactions (
        number INTEGER PRIMARY KEY,
        through_sequence INTEGER NOT NULL,
        through_at TEXT NOT NULL,
        compacted_at TEXT NOT NULL,
        events_removed INTEGER NOT NULL
    )""",
    """CREATE TABLE baseline_pieces (
        table_name TEXT NOT NULL,
        number INTEGER NOT NULL,
        row_lines BLOB NOT NULL,
        UNIQUE (table_name, number)
    )""",
)
