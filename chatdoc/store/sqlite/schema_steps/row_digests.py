"""Step 5: digests of rows that are no log and are folded from nothing, so that an edit of them is noticed.

| table | one row is |
| --- | --- |
| `row_digests` | the digest of a table as it was last written, or with a `row_key` of one row of it |
"""

from __future__ import annotations

NAME = "row_digests"
STATEMENTS = (
    """CREATE TABLE row_digests (
        table_name TEXT NOT NULL,
        row_key TEXT NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (table_name, row_key)
    ) WITHOUT ROWID""",
)
