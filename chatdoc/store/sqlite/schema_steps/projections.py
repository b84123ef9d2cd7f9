"""Step 3: the tables folded from events; all of them can be dropped and filled again from the log.

| table | one row is |
| --- | --- |
| `projection_projects`, `…_threads`, `…_thread_messages` | the folder, its threads, their messages |
| `projection_thread_activities`, `…_thread_sessions`, `…_pending_approvals` | what an agent did, is, and waits for |
| `projection_thread_turns`, `projection_checkpoints` | turns, and what each left in the files |
| `projection_state` | how far each projector has come |
| `pending_turn_starts` | a turn that was asked for and has not started |
| `reverted_rows` | a row that a revert hides, until the revert is undone; `revert_sequence` is the event that hid it |
"""

from __future__ import annotations

NAME = "projections"
STATEMENTS = (
    """CREATE TABLE projection_projects (
        project_id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        workspace_root TEXT NOT NULL,
        default_model TEXT,
        scripts_json TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        deleted_at TEXT
    )""",
    "CREATE INDEX idx_projection_projects_updated_at ON projection_projects (updated_at)",
    """CREATE TABLE projection_threads (
        thread_id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL,
        title TEXT NOT NULL,
        model TEXT NOT NULL,
        branch TEXT,
        worktree_path TEXT,
        latest_turn_id TEXT,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        deleted_at TEXT
    )""",
    "CREATE INDEX idx_projection_threads_project_id ON projection_threads (project_id)",
    """CREATE TABLE projection_thread_messages (
        message_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        turn_id TEXT,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
        text TEXT NOT NULL,
        is_streaming INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE INDEX idx_projection_thread_messages_thread_created
        ON projection_thread_messages (thread_id, created_at)""",
    """CREATE TABLE projection_thread_activities (
        activity_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        turn_id TEXT,
        tone TEXT NOT NULL CHECK (tone IN ('info', 'tool', 'approval', 'error')),
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        payload_json TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE INDEX idx_projection_thread_activities_thread_created
        ON projection_thread_activities (thread_id, created_at)""",
    """CREATE TABLE projection_thread_sessions (
        thread_id TEXT PRIMARY KEY,
        status TEXT NOT NULL CHECK (
            status IN ('idle', 'starting', 'running', 'ready', 'interrupted', 'stopped', 'error')
        ),
        provider_name TEXT,
        provider_session_id TEXT,
        provider_thread_id TEXT,
        active_turn_id TEXT,
        last_error TEXT,
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE INDEX idx_projection_thread_sessions_provider
        ON projection_thread_sessions (provider_session_id)""",
    """CREATE TABLE projection_thread_turns (
        turn_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        turn_count INTEGER,
        status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'interrupted', 'error')),
        user_message_id TEXT,
        assistant_message_id TEXT,
        started_at TEXT NOT NULL,
        completed_at TEXT,
        UNIQUE (thread_id, turn_count)
    )""",
    """CREATE INDEX idx_projection_thread_turns_running
        ON projection_thread_turns (thread_id) WHERE status = 'running'""",
    """CREATE TABLE projection_checkpoints (
        thread_id TEXT NOT NULL,
        turn_id TEXT NOT NULL,
        checkpoint_turn_count INTEGER NOT NULL,
        checkpoint_ref TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('ready', 'missing', 'error')),
        files_json TEXT NOT NULL,
        assistant_message_id TEXT,
        completed_at TEXT NOT NULL,
        UNIQUE (thread_id, checkpoint_turn_count)
    )""",
    """CREATE INDEX idx_projection_checkpoints_thread_completed
        ON projection_checkpoints (thread_id, completed_at)""",
    """CREATE TABLE projection_pending_approvals (
        request_id TEXT PRIMARY KEY,
        thread_id TEXT NOT NULL,
        turn_id TEXT,
        status TEXT NOT NULL CHECK (status IN ('pending', 'resolved')),
        decision TEXT,
        created_at TEXT NOT NULL,
        resolved_at TEXT
    ) WITHOUT ROWID""",
    """CREATE INDEX idx_projection_pending_approvals_thread_status
        ON projection_pending_approvals (thread_id, status)""",
    """CREATE TABLE projection_state (
        projector TEXT PRIMARY KEY,
        last_applied_sequence INTEGER NOT NULL,
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE reverted_rows (
        table_name TEXT NOT NULL,
        row_id TEXT NOT NULL,
        thread_id TEXT NOT NULL,
        revert_sequence INTEGER NOT NULL,
        row_json TEXT NOT NULL,
        PRIMARY KEY (table_name, row_id, revert_sequence)
    ) WITHOUT ROWID""",
    """CREATE TABLE pending_turn_starts (
        thread_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        requested_at TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        PRIMARY KEY (thread_id, message_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX idx_reverted_rows_thread ON reverted_rows (thread_id, revert_sequence)",
)
