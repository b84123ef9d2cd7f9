"""Step 2: the event log, diffs between turns, and the sessions agents left behind.

| table | one row is |
| --- | --- |
| `orchestration_events` | what happened, by `sequence`; `stream_version` counts each stream from 0 without gaps |
| `event_runs` | old events, sealed into one compressed run; the newest of each stream stays a row as well |
| `checkpoint_diff_blobs` | the text of the difference between two checkpoints of a thread |
| `provider_session_runtime` | how to find an agent's session again after a restart |

`digest` chains an event twice, over its stream and over the log: 16 bytes each.
Command and correlation ids have no index: nothing here asks by them, and each cost a page a command. Nor has the
sequence within a stream: it grows as the version does.
"""

from __future__ import annotations

NAME = "event_log"
STATEMENTS = (
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
        metadata_json TEXT NOT NULL,
        digest BLOB NOT NULL DEFAULT x''
    )""",
    """CREATE UNIQUE INDEX idx_orch_events_stream_version
        ON orchestration_events (aggregate_kind, stream_id, stream_version)""",
    """CREATE TABLE event_runs (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        event_bytes INTEGER NOT NULL,
        bytes BLOB NOT NULL
    )""",
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
