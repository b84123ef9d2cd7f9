"""Store of one document over a database: its parts to read, and one transaction at a time to write."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError, NewerEdits
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.commit_bell import CommitBell
from chatdoc.store.ports import Finding, Registration, Sealed, UnitOfWork, refused_alone
from chatdoc.store.projections.fold import AHEAD
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.projections.read_model import ReadModel
from chatdoc.store.sql.cursors import SqlCursors
from chatdoc.store.sql.database import Counts, Database, Question, Version
from chatdoc.store.sql.event_buffer import EventBuffer, SettledTables
from chatdoc.store.sql.event_chain import Counters
from chatdoc.store.sql.event_log import SqlEventLog
from chatdoc.store.sql.leases import SqlLeases
from chatdoc.store.sql.move import place_of
from chatdoc.store.sql.receipts import SqlReceipts
from chatdoc.store.sql.registry import SqlRegistry
from chatdoc.store.sql.snapshots import SqlSnapshots
from chatdoc.store.sql.unit_of_work import SqlUnitOfWork
from chatdoc.store.sql.update_log import LAST, SqlUpdateLog
from chatdoc.store.sql.verify import verify
from chatdoc.store.tables import Tables

Answer = TypeVar("Answer")
_DOING = "store a change"
_BEHIND = 16
ENDS = (
    f"SELECT ({LAST}), (SELECT coalesce(max(sequence), 0) FROM orchestration_events),"
    " (SELECT digest FROM orchestration_events ORDER BY sequence DESC LIMIT 1)"
)
"""Where the logs end, read from their rows."""


class OwnFeed(Protocol):
    """A feed that hears of commits through its own store by a bell."""

    bell: CommitBell

    def changed(self) -> bool:
        """See the port."""

    def wait(self, timeout_s: float) -> bool:
        """See the port."""


class SqlStore:
    """The store of the document that a database names; see the port."""

    def __init__(
        self, database: Database, clock: Clock, feed: Callable[[str], OwnFeed], location: Path | None
    ) -> None:
        self._database = database
        self.location = location
        self.registry = SqlRegistry(database)
        document_id = self.registry.registration().document_id
        self._document_id = document_id
        self.updates = SqlUpdateLog(database, document_id)
        self._buffer = EventBuffer(database)
        settled = SettledTables(database, self._buffer)
        self.tables: Tables = settled
        """Its rows as they are; for the rooms of the store and for tests alone."""
        self.events = SqlEventLog(settled, document_id)
        self._buffer.read_events = self.events.read
        self.receipts = SqlReceipts(database, document_id)
        self.snapshots = SqlSnapshots(database, document_id, self.updates.raise_floor)
        self.leases = SqlLeases(database)
        self.cursors = SqlCursors(database)
        self.feed = feed(document_id)
        self.read_model = ReadModel(settled, self.events.read)
        self.sessions = SessionDirectory(database, clock)
        self._is_behind = 0
        """So many transactions more ask ahead for what others have written: some did a moment ago."""
        self._counters: Counters | None = None
        """As of our last COMMIT; None where a failed or interrupted write, or nobody yet, has left them."""
        self.updates.require_reached()

    def write(self, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """See the port."""
        return self._write(partial(self._one, work))

    def write_each(self, works: Sequence[Callable[[UnitOfWork], Answer]]) -> list[Answer | ChatdocError]:
        """See the port."""
        answers: list[Answer | ChatdocError] = []

        def all_of_them(counters: Counters) -> tuple[None, Counters]:
            execute = self._database.connection().execute
            for work in works:
                execute("SAVEPOINT work")
                before, mark = counters.copy(), self._buffer.mark()
                try:
                    answer, counters = self._one(work, counters)
                except ChatdocError as error:
                    if not refused_alone(error):
                        raise
                    execute("ROLLBACK TO work")
                    counters = before
                    self._buffer.back(mark)
                    answers.append(error)
                else:
                    answers.append(answer)
                execute("RELEASE work")
            return None, counters

        self._write(all_of_them)
        return answers

    def version(self) -> Version:
        """Changes with every commit of somebody else."""
        return self._database.version()

    def replace(
        self,
        work: Callable[[Execute, ExecuteMany], Answer],
        registration: Registration,
        *,
        seen: Version,
    ) -> Answer:
        """Write all rows anew, as one transaction; the registration is the one they end up with.

        `seen` is the version that the work was decided on. Raises NewerEdits, and nothing is written, where somebody
        has committed since, and StoreError; the next unit counts on from what is there then.
        """
        database = self._database

        def alone() -> Answer:
            if database.version() != seen:
                raise NewerEdits(
                    f"somebody wrote to {database.name} meanwhile, so nothing was written",
                    hint="Do it again: what came is compared first",
                )
            connection = database.connection()
            answer = work(connection.execute, connection.executemany)
            update, event, head = connection.execute(ENDS).fetchone()
            database.catalog.note_registration(registration)
            counts = Counts(update, event, head, registration.retired_at_ms is not None)
            database.catalog.note_counts(lambda: counts)
            return answer

        with database.lock:
            self._counters = None
            self._buffer.forget()
            answer = database.transact(alone, "be replaced by a copy")
            self.updates.replaced()
            self.feed.bell.committed()
        return answer

    def lives_at(self) -> str | None:
        """Where the document lives now; None where it lives here, or was retired for another reason."""
        if (
            "document_move" not in self._database.catalog.names()
        ):  # A store that is only looked at may be older.
            return None
        return self.tables.ask(place_of, "find where it went")

    def at_one_moment(self, read: Callable[[], Answer]) -> Answer:
        """See the port."""
        return self._database.at_one_moment(read, "be read")

    def seal_logs(self, *, dry_run: bool = False, shrink: bool = True) -> Sealed:
        """See the port."""
        self._database.require_open()
        if dry_run:
            return self.at_one_moment(lambda: self._sealed(dry_run=True))
        database = self._database
        sealed = database.transact(lambda: self._sealed(dry_run=False), "seal what is old")
        if shrink and (sealed.entries or sealed.events):
            self.shrink(free_share_min=0.0)
        return sealed

    def shrink(self, *, free_share_min: float) -> None:
        """See the port."""
        self._database.require_open()
        self._database.catalog.shrink(free_share_min)

    def verify(self) -> list[Finding]:
        """See the port."""
        return verify(self._database, self.updates, self.events, self.receipts, self.snapshots, self.registry)

    def close(self) -> None:
        """See the port."""
        if self._database.is_closed:
            return
        if not self._database.readonly:
            with contextlib.suppress(ChatdocError):
                self.updates.raise_floor()
        self._database.close()
        self.feed.bell.ring()

    def __enter__(self) -> SqlStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, work: Callable[[Counters], tuple[Answer, Counters]]) -> Answer:
        database = self._database
        database.require_open()
        with database.lock:

            def alone() -> tuple[Answer, Counters]:
                counters = self._counted()
                self._buffer.begin(sys._getframe(), counters.version)
                try:
                    self.receipts.begin()
                    answer, counted = work(counters)
                    self._buffer.end()
                finally:
                    self._buffer.let_go()
                    self.receipts.end()
                database.catalog.note_counts(counted.counts)
                return answer, counted

            answer, counters = database.transact(alone, _DOING, self._ahead)
            self._buffer.committed(counters.version)
            self._counters = counters
            self.updates.committed(counters.update, counters.update_digest)
            self.feed.bell.committed()
        return answer

    def _one(self, work: Callable[[UnitOfWork], Answer], counters: Counters) -> tuple[Answer, Counters]:
        unit = SqlUnitOfWork(
            self._database, self.events.chain, self._buffer, self.receipts, self._document_id, counters
        )
        answer = work(unit)
        unit.end()
        return answer, counters

    def _ahead(self) -> list[Question]:
        """What a transaction asks whatever it does, and what it asks besides where others have just written."""
        questions = self.receipts.ahead()
        if self._is_behind and self._counters is not None:
            questions += self._behind(self._counters)
        elif not self._buffer.knows_folded:
            questions += AHEAD
        return questions

    def _behind(self, before: Counters) -> list[Question]:
        return [*AHEAD, *self.updates.ahead(), before.since()]

    def _counted(self) -> Counters:
        """Where the logs have come to; they are nobody's until the transaction has ended."""
        before, self._counters = self._counters, None
        version = self._database.version()
        if before is not None and before.version == version:
            self._is_behind = max(0, self._is_behind - 1)
            return before
        counters = Counters(self._database.catalog.counts(), version, self.events.chain)
        if before is not None:
            if not self._is_behind:
                self._database.read_ahead(self._behind(before))
            self._is_behind = _BEHIND
            counters.carry_on(before, self._database.rows(*before.since(), "look at its last events"))
        return counters

    def _sealed(self, *, dry_run: bool) -> Sealed:
        updates, events = self.updates.seal(dry_run=dry_run), self.events.seal(dry_run=dry_run)
        return Sealed(
            entries=updates.entries,
            events=events.events,
            bytes_before=updates.bytes_before + events.bytes_before,
            bytes_after=updates.bytes_after + events.bytes_after,
        )
