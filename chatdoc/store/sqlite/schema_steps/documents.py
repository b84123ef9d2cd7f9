"""Step 1: the documents below a folder, their update logs, answers, snapshots and migrations.

| table | one row is |
| --- | --- |
| `documents` | a document below the folder; `number` is its local name, `floor` a sequence its log has reached |
| `updates` | an entry of a document's log; `position` is `(number << 40) + sequence`, so a log is one run of pages |
| `receipts` | the answer to a command id (step 2 moves them) |
| `snapshots` | what a document's newest row snapshot or Y state covers |
| `pieces` | up to 128 KiB of a snapshot, with a checksum for reading and a digest for telling what changed |
| `markers` | how far one migration of one file went |
"""

from __future__ import annotations

NAME = "documents_and_updates"
STATEMENTS = (
    """CREATE TABLE documents (
                number INTEGER PRIMARY KEY,
                document_id TEXT NOT NULL,
                path BLOB NOT NULL,
                text_digest TEXT,
                text_stat TEXT,
                text_sequence INTEGER,
                created_at_ms INTEGER NOT NULL,
                retired_at_ms INTEGER,
                floor INTEGER NOT NULL DEFAULT 0
            )""",
    "CREATE UNIQUE INDEX documents_by_path ON documents (path) WHERE retired_at_ms IS NULL",
    "CREATE INDEX documents_by_id ON documents (document_id)",
    """CREATE TABLE updates (
                position INTEGER PRIMARY KEY,
                origin TEXT NOT NULL,
                recorded_at_ms INTEGER NOT NULL,
                digest BLOB NOT NULL,
                bytes BLOB NOT NULL
            )""",
    """CREATE TABLE receipts (
                document INTEGER NOT NULL REFERENCES documents,
                command_id TEXT NOT NULL,
                command_digest TEXT NOT NULL,
                status TEXT NOT NULL CHECK (status IN ('accepted', 'rejected')),
                result BLOB NOT NULL,
                error TEXT,
                sequence INTEGER,
                recorded_at_ms INTEGER NOT NULL,
                digest BLOB NOT NULL,
                PRIMARY KEY (document, command_id)
            ) WITHOUT ROWID""",
    """CREATE TABLE snapshots (
                document INTEGER NOT NULL REFERENCES documents,
                kind TEXT NOT NULL CHECK (kind IN ('rows', 'state')),
                sequence INTEGER NOT NULL,
                known TEXT NOT NULL,
                recorded_at_ms INTEGER NOT NULL,
                set_aside INTEGER NOT NULL DEFAULT 0,
                digest BLOB NOT NULL,
                PRIMARY KEY (document, kind)
            ) WITHOUT ROWID""",
    """CREATE TABLE pieces (
                document INTEGER NOT NULL REFERENCES documents,
                part TEXT NOT NULL CHECK (part IN ('headers', 'others', 'state')),
                number INTEGER NOT NULL,
                checksum INTEGER NOT NULL,
                digest BLOB NOT NULL,
                bytes BLOB NOT NULL,
                UNIQUE (document, part, number)
            )""",
    """CREATE TABLE markers (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                path BLOB NOT NULL,
                source_digest TEXT NOT NULL,
                steps_digest TEXT NOT NULL,
                phase TEXT NOT NULL CHECK (phase IN ('backed_up', 'committed', 'published', 'rolled_back')),
                backup BLOB NOT NULL,
                report BLOB NOT NULL,
                text_digest TEXT,
                recorded_at_ms INTEGER NOT NULL,
                UNIQUE (path, source_digest, steps_digest)
            )""",
)
