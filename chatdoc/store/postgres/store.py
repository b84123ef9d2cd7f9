"""Store of one document in a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from chatdoc.model.clock import Clock
from chatdoc.store.postgres.database import PostgresDatabase
from chatdoc.store.postgres.feed import PostgresFeed
from chatdoc.store.process_identity import Process, Standing
from chatdoc.store.sql.store import SqlStore


class PostgresStore(SqlStore):
    """The store of the document that a database of PostgreSQL names; see the port."""

    feed: PostgresFeed

    def __init__(self, database: PostgresDatabase, clock: Clock, location: Path | None = None) -> None:
        self.database = database
        """For the rooms of the store alone."""
        super().__init__(database, clock, lambda document_id: PostgresFeed(database, document_id), location)
        self.feed.ahead, self.updates.is_at_hand = self.updates.ahead, database.looked.has

    def standing(self, process: Process) -> Standing:
        """See `Fencing`."""
        return self.database.pool.standing(process)

    def __enter__(self) -> PostgresStore:
        return self
