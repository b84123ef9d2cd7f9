"""Step 1: the document of this file, its update log, receipts, snapshots, migrations and leases.

| table | one row is |
| --- | --- |
| `document` | the document, the only one; `floor` is a sequence that its update log has reached for certain, |
| | `released` says that the file of `path` is another document's by now |
| `updates` | an entry of its update log |
| `update_runs` | old entries of it, sealed into one compressed run; the newest entry is never in one |
| `orchestration_command_receipts` | the answer to a command id; the last four columns say which answer, and seal it |
| `snapshots` | what the newest row snapshot covers |
| `pieces` | up to 128 KiB of a snapshot, with a checksum for reading and a digest for telling what changed |
| `markers` | how far one migration of the file went |
| `consumer_cursors` | how far a consumer of the event log has come |
| `turn_leases` | a turn that runs or is about to; `owner` is one opening of the document, `process` who it is (JSON) |
"""

from __future__ import annotations

NAME = "document_and_updates"
STATEMENTS = (
    """CREATE TABLE document (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        document_id TEXT NOT NULL,
        path BLOB NOT NULL,
        text_digest TEXT,
        text_stat TEXT,
        text_sequence INTEGER,
        created_at_ms INTEGER NOT NULL,
        retired_at_ms INTEGER,
        released INTEGER NOT NULL DEFAULT 0,
        log_began_at_ms INTEGER,
        floor INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE updates (
        sequence INTEGER PRIMARY KEY,
        origin TEXT NOT NULL,
        recorded_at_ms INTEGER NOT NULL,
        digest BLOB NOT NULL,
        bytes BLOB NOT NULL
    )""",
    """CREATE TABLE update_runs (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        entry_bytes INTEGER NOT NULL,
        bytes BLOB NOT NULL
    )""",
    """CREATE TABLE orchestration_command_receipts (
        command_id TEXT PRIMARY KEY,
        aggregate_kind TEXT NOT NULL CHECK (aggregate_kind IN ('project', 'thread')),
        aggregate_id TEXT NOT NULL,
        accepted_at TEXT NOT NULL,
        result_sequence INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('accepted', 'rejected')),
        error TEXT,
        command_digest TEXT NOT NULL,
        result BLOB NOT NULL,
        update_sequence INTEGER,
        digest BLOB NOT NULL
    )""",
    """CREATE TABLE snapshots (
        kind TEXT PRIMARY KEY CHECK (kind = 'rows'),
        sequence INTEGER NOT NULL,
        known TEXT NOT NULL,
        recorded_at_ms INTEGER NOT NULL,
        set_aside INTEGER NOT NULL DEFAULT 0,
        digest BLOB NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE pieces (
        part TEXT NOT NULL CHECK (part IN ('headers', 'others')),
        number INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        digest BLOB NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (part, number)
    )""",
    """CREATE TABLE markers (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        source_digest TEXT NOT NULL,
        steps_digest TEXT NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('committed', 'published', 'rolled_back')),
        backup BLOB NOT NULL,
        report BLOB NOT NULL,
        text_digest TEXT,
        recorded_at_ms INTEGER NOT NULL,
        UNIQUE (source_digest, steps_digest)
    )""",
    """CREATE TABLE turn_leases (
        message_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        process TEXT NOT NULL,
        taken_at_ms INTEGER NOT NULL,
        heartbeat_at_ms INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE consumer_cursors (
        consumer TEXT PRIMARY KEY,
        sequence INTEGER NOT NULL
    ) WITHOUT ROWID""",
)
