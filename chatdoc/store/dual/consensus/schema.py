"""Tables of the consensus store in both schemas, and forward-only migrations between them by `user_version`."""

from __future__ import annotations

from chatdoc.model.errors import StoreTooNew, UnreadableFile
from chatdoc.store.dual.sqlite_file import SqliteFile

VERSION = 2
OLD_TABLES = ("consensus_artifacts", "consensus_synthesis")

OLD = (
    "CREATE TABLE IF NOT EXISTS consensus_artifacts (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL,"
    " stage TEXT NOT NULL, agent_name TEXT NOT NULL, content_json TEXT NOT NULL, response_text TEXT, run_id TEXT,"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX IF NOT EXISTS idx_spec_stage ON consensus_artifacts(spec_id, stage)",
    "CREATE TABLE IF NOT EXISTS consensus_synthesis (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL,"
    " stage TEXT NOT NULL, output_markdown TEXT NOT NULL, output_path TEXT, status TEXT NOT NULL,"
    " artifacts_count INTEGER, agreements TEXT, conflicts TEXT, degraded BOOLEAN DEFAULT 0, run_id TEXT,"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX IF NOT EXISTS idx_synthesis_spec_stage ON consensus_synthesis(spec_id, stage)",
)
NEW = (
    "CREATE TABLE IF NOT EXISTS consensus_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, spec_id TEXT NOT NULL,"
    " stage TEXT NOT NULL, run_timestamp INTEGER NOT NULL, consensus_ok BOOLEAN NOT NULL,"
    " degraded BOOLEAN DEFAULT 0, synthesis_json TEXT, UNIQUE(spec_id, stage, run_timestamp))",
    "CREATE TABLE IF NOT EXISTS agent_outputs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL,"
    " agent_name TEXT NOT NULL, model_version TEXT, content TEXT NOT NULL, output_timestamp INTEGER NOT NULL,"
    " FOREIGN KEY(run_id) REFERENCES consensus_runs(id) ON DELETE CASCADE)",
    "CREATE INDEX IF NOT EXISTS idx_consensus_spec_stage ON consensus_runs(spec_id, stage)",
    "CREATE INDEX IF NOT EXISTS idx_consensus_timestamp ON consensus_runs(run_timestamp)",
    "CREATE INDEX IF NOT EXISTS idx_agent_outputs_run ON agent_outputs(run_id)",
    "CREATE INDEX IF NOT EXISTS idx_agent_outputs_agent ON agent_outputs(agent_name)",
)


def version(file: SqliteFile) -> int:
    """The migration that a file has reached; raises StoreTooNew for one that is not known here."""
    found = int(file.ask("PRAGMA user_version")[0][0])
    if found > VERSION:
        raise StoreTooNew(
            f"{file.path} has schema version {found}, and versions up to {VERSION} are known here",
            hint="Use a newer version of chatdoc",
        )
    return found


def require_consensus(file: SqliteFile) -> None:
    """Raise UnreadableFile for a database of something else, which gets no tables of ours; and as `version` does."""
    version(file)
    if not any(file.has_table(name) for name in (*OLD_TABLES, "consensus_runs")):
        raise UnreadableFile(
            f"{file.path} is no consensus database: it has neither {OLD_TABLES[0]} nor consensus_runs",
            hint="Name the database of the agents' runs, consensus_artifacts.db say",
        )


def migrate(file: SqliteFile, to: int = 1) -> int:
    """Bring a file to a version, each step in one transaction; returns the version it has then. Never goes back.

    Step 1 adds the new tables, step 2 drops the old ones: that one is taken by `drop` alone, which proves first.
    """
    if version(file) < 1 <= to:
        with file.writing():
            if version(file) < 1:  # Another process may have been faster.
                for statement in NEW:
                    file.ask(statement)
                file.ask("PRAGMA user_version = 1")
    return version(file)


def make_old(file: SqliteFile) -> None:
    """Make the old tables of a fresh file."""
    with file.writing():
        for statement in OLD:
            file.ask(statement)
