"""Store of one document in one SQLite file, or in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from chatdoc.model.clock import Clock
from chatdoc.store.sql.event_chain import Counters
from chatdoc.store.sql.store import Answer, SqlStore
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.feed import SqliteFeed
from chatdoc.store.sqlite.wal_sync import WalSync


class SqliteStore(SqlStore):
    """The store of the document that a SQLite database names; see the port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        """For the rooms of the store alone."""
        super().__init__(
            database, clock, lambda document_id: SqliteFeed(database, document_id), database.file
        )

    @cached_property
    def wal(self) -> WalSync:
        """Lets commits wait for the disk together, for who asks for it."""
        return WalSync(self.database)

    def _write(self, work: Callable[[Counters], tuple[Answer, Counters]]) -> Answer:
        database = self.database
        with database.lock:
            before = database.connection().total_changes
            answer = super()._write(work)
            is_written = database.connection().total_changes != before
        if not is_written:  # A receipt of another process, say, whose own commit may wait for the disk still.
            self.wal.make_heard_durable()
        return answer

    def __enter__(self) -> SqliteStore:
        return self
