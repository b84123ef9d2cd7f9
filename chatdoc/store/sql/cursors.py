"""Consumer cursors: how far each consumer of the event log has come, one row a consumer that moves."""

from __future__ import annotations

from chatdoc.store.sql.database import Database

PUT = "INSERT INTO consumer_cursors VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET sequence = excluded.sequence"
_GET = "SELECT sequence FROM consumer_cursors WHERE consumer = ?"


class SqlCursors:
    """The cursors of one document's consumers; see the port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, consumer: str) -> int | None:
        """See the port."""
        found = self._database.rows(_GET, (consumer,), "look up how far it was read")
        return int(found[0][0]) if found else None
