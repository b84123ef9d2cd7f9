"""Step 4: which opening of a document runs which turn, and when it was last heard of.

| table | one row is |
| --- | --- |
| `turn_leases` | a turn that runs or is about to; `owner` is one opening of the document, `process` who it is (JSON) |
"""

from __future__ import annotations

NAME = "turn_leases"
STATEMENTS = (
    """CREATE TABLE turn_leases (
        document INTEGER NOT NULL REFERENCES documents,
        message_id TEXT NOT NULL,
        thread_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        process TEXT NOT NULL,
        taken_at_ms INTEGER NOT NULL,
        heartbeat_at_ms INTEGER NOT NULL,
        PRIMARY KEY (document, message_id)
    ) WITHOUT ROWID""",
)
