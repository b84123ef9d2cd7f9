"""Store of one document in one SQLite file: its parts to read, and one transaction at a time to write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.ports import Finding, UnitOfWork, refused_alone
from chatdoc.store.projections.read_model import ReadModel
from chatdoc.store.sqlite.cursors import SqliteCursors
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.event_log import SqliteEventLog
from chatdoc.store.sqlite.feed import SqliteFeed
from chatdoc.store.sqlite.leases import SqliteLeases
from chatdoc.store.sqlite.receipts import SqliteReceipts
from chatdoc.store.sqlite.registry import SqliteRegistry
from chatdoc.store.sqlite.snapshots import SqliteSnapshots
from chatdoc.store.sqlite.unit_of_work import Counters, SqliteUnitOfWork
from chatdoc.store.sqlite.update_log import SqliteUpdateLog
from chatdoc.store.sqlite.verify import verify

Answer = TypeVar("Answer")
_DOING = "store a change"


class SqliteStore:
    """The store of the document that a database names; see the port."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        """For the rooms of the store alone."""
        self.location: Path | None = database.file
        self.registry = SqliteRegistry(database)
        document_id = self.registry.registration().document_id
        self._document_id = document_id
        self.updates = SqliteUpdateLog(database, document_id)
        self.events = SqliteEventLog(database, document_id)
        self.receipts = SqliteReceipts(database, document_id)
        self.snapshots = SqliteSnapshots(database, document_id, self.updates.raise_floor)
        self.leases = SqliteLeases(database)
        self.cursors = SqliteCursors(database)
        self.feed = SqliteFeed(database, document_id)
        self.read_model = ReadModel(database, self.events.read)
        self.sessions = SessionDirectory(database, clock)
        self._counters: Counters | None = None
        """As of our last COMMIT; None where a failed or interrupted write, or nobody yet, has left them."""
        self.updates.require_reached()

    def write(self, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """See the port."""
        answer: Answer = self._write(lambda counters: self._one(work, counters))
        return answer

    def write_each(self, works: Sequence[Callable[[UnitOfWork], Answer]]) -> list[Answer | ChatdocError]:
        """See the port."""
        answers: list[Answer | ChatdocError] = []

        def all_of_them(counters: Counters) -> tuple[None, Counters]:
            execute = self.database.connection().execute
            for work in works:
                execute("SAVEPOINT work")
                try:
                    answer, counters = self._one(work, counters)
                except ChatdocError as error:
                    if not refused_alone(error):
                        raise
                    execute("ROLLBACK TO work")
                    counters = self._count()
                    answers.append(error)
                else:
                    answers.append(answer)
                execute("RELEASE work")
            return None, counters

        self._write(all_of_them)
        return answers

    def at_one_moment(self, read: Callable[[], Answer]) -> Answer:
        """See the port."""
        return self.database.at_one_moment(read, "be read")

    def verify(self) -> list[Finding]:
        """See the port."""
        return verify(self.database, self.updates, self.events, self.receipts, self.snapshots, self.registry)

    def close(self) -> None:
        """See the port."""
        if self.database.is_closed:
            return
        if not self.database.readonly:
            with contextlib.suppress(ChatdocError):
                self.updates.raise_floor()
        self.database.close()
        self.feed.bell.ring()

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, work: Callable[[Counters], tuple[Answer, Counters]]) -> Answer:
        database = self.database
        database.require_open()
        with database.lock:

            def counted() -> tuple[Answer, Counters]:
                counters, self._counters = self._counters, None
                if counters is None or counters.version != database.version():
                    counters = self._count()
                return work(counters)

            answer, counters = database.transact(counted, _DOING)
            self._counters = counters
            self.feed.bell.committed()
        return answer

    def _one(self, work: Callable[[UnitOfWork], Answer], counters: Counters) -> tuple[Answer, Counters]:
        unit = SqliteUnitOfWork(self.database, self.events, self._document_id, counters)
        answer = work(unit)
        unit.end()
        return answer, counters

    def _count(self) -> Counters:
        return Counters(self.database.connection(), self.database.version(), self.events.chain)
