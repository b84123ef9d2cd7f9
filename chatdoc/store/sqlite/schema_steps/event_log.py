"""Step 2: the event log, the receipts of its commands, diffs between turns, and the sessions agents left behind.

| table | one row is |
| --- | --- |
| `orchestration_events` | what happened, by `sequence`; `stream_version` counts each stream from 0 without gaps |
| `orchestration_command_receipts` | the answer to a command id; the last five columns say which answer, and seal it |
| `checkpoint_diff_blobs` | the text of the difference between two checkpoints of a thread |
| `provider_session_runtime` | how to find an agent's session again after a restart |

A receipt of step 1 keeps its seal. Where two documents had used one command id, the first receipt stays: the id now
belongs to one command of the whole store.
"""

from __future__ import annotations

NAME = "event_log"
STATEMENTS = (
    "ALTER TABLE documents ADD COLUMN log_began_at_ms INTEGER",
    """CREATE TABLE orchestration_events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL UNIQUE,
        aggregate_kind TEXT NOT NULL CHECK (aggregate_kind IN ('project', 'thread')),
        stream_id TEXT NOT NULL,
        stream_version INTEGER NOT NULL,
        event_type TEXT NOT NULL,
        occurred_at TEXT NOT NULL,
        command_id TEXT,
        causation_event_id TEXT,
        correlation_id TEXT,
        actor_kind TEXT NOT NULL CHECK (actor_kind IN ('client', 'server', 'provider')),
        payload_json TEXT NOT NULL,
        metadata_json TEXT NOT NULL
    )""",
    """CREATE UNIQUE INDEX idx_orch_events_stream_version
        ON orchestration_events (aggregate_kind, stream_id, stream_version)""",
    """CREATE INDEX idx_orch_events_stream_sequence
        ON orchestration_events (aggregate_kind, stream_id, sequence)""",
    """CREATE INDEX idx_orch_events_command_id ON orchestration_events (command_id)
        WHERE command_id IS NOT NULL""",
    """CREATE INDEX idx_orch_events_correlation_id ON orchestration_events (correlation_id)
        WHERE correlation_id IS NOT NULL""",
    """CREATE TABLE orchestration_command_receipts (
        command_id TEXT PRIMARY KEY,
        aggregate_kind TEXT NOT NULL CHECK (aggregate_kind IN ('project', 'thread')),
        aggregate_id TEXT NOT NULL,
        accepted_at TEXT NOT NULL,
        result_sequence INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('accepted', 'rejected')),
        error TEXT,
        document INTEGER NOT NULL REFERENCES documents,
        command_digest TEXT NOT NULL,
        result BLOB NOT NULL,
        update_sequence INTEGER,
        digest BLOB NOT NULL
    )""",
    """CREATE INDEX idx_orch_receipts_aggregate
        ON orchestration_command_receipts (aggregate_kind, aggregate_id)""",
    """CREATE INDEX idx_orch_receipts_result_sequence
        ON orchestration_command_receipts (result_sequence)""",
    """INSERT OR IGNORE INTO orchestration_command_receipts
        SELECT command_id, 'project', document_id,
            strftime('%Y-%m-%dT%H:%M:', recorded_at_ms / 1000, 'unixepoch')
                || printf('%02d.%03dZ', recorded_at_ms / 1000 % 60, recorded_at_ms % 1000),
            0, status, error, document, command_digest, result, sequence, digest
        FROM receipts JOIN documents ON documents.number = receipts.document
        ORDER BY recorded_at_ms, document, command_id""",
    "DROP TABLE receipts",
    """CREATE TABLE checkpoint_diff_blobs (
        thread_id TEXT NOT NULL,
        from_turn_count INTEGER NOT NULL,
        to_turn_count INTEGER NOT NULL,
        diff TEXT NOT NULL,
        created_at TEXT NOT NULL,
        UNIQUE (thread_id, from_turn_count, to_turn_count)
    )""",
    """CREATE INDEX idx_checkpoint_diff_blobs_to
        ON checkpoint_diff_blobs (thread_id, to_turn_count)""",
    """CREATE TABLE provider_session_runtime (
        provider_session_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        provider_name TEXT NOT NULL,
        adapter_key TEXT NOT NULL,
        provider_thread_id TEXT,
        status TEXT NOT NULL CHECK (status IN ('starting', 'running', 'stopped', 'error')),
        last_seen_at TEXT NOT NULL,
        resume_cursor_json TEXT,
        runtime_payload_json TEXT
    )""",
    "CREATE INDEX idx_provider_session_runtime_thread ON provider_session_runtime (thread_id)",
    "CREATE INDEX idx_provider_session_runtime_status ON provider_session_runtime (status)",
    "CREATE INDEX idx_provider_session_runtime_provider ON provider_session_runtime (provider_name)",
)
