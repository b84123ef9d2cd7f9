"""Store of one document in one SQLite file, or in memory."""

from __future__ import annotations

from chatdoc.model.clock import Clock
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.feed import SqliteFeed


class SqliteStore(SqlStore):
    """The store of the document that a SQLite database names; see the port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        """For the rooms of the store alone."""
        super().__init__(
            database, clock, lambda document_id: SqliteFeed(database, document_id), database.file
        )

    def __enter__(self) -> SqliteStore:
        return self
