"""A store in memory whose events are appended, folded and compacted as those of a file are."""

from __future__ import annotations

import contextlib

from chatdoc.model.clock import iso
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Payload
from chatdoc.store.memory.sqlite_store import memory_sqlite_store
from chatdoc.store.projections.compact_events import CompactedLog
from chatdoc.store.projections.fold import rebuild
from chatdoc.store.projections.projector import Execute, ExecuteMany
from tests.store.documents import registration
from tests.store.projections.world import BASE_MS, Rows, dump


class Ledger:
    """Events and their projections; each batch is one transaction, dated by its number."""

    def __init__(self) -> None:
        self.store = memory_sqlite_store(registration())
        self.log, self.rows = self.store.events, self.store.read_model
        self.connection = self.store.database.connection()
        self.execute = self.connection.execute
        self._batches = 0

    def happen(self, *payloads: Payload) -> int:
        """Append and fold; returns the last sequence."""
        self._batches += 1
        drafts, at_ms = [_draft(payload) for payload in payloads], BASE_MS + self._batches
        events = self.store.write(
            lambda unit: unit.append_events(drafts, at_ms=at_ms, command_id=None, origin="test")
        )
        return events[-1].sequence

    def compact(self) -> CompactedLog:
        """Compact the log."""
        return self.rows.compact(dry_run=False, now_iso=iso(BASE_MS))

    def forget(self, projector: str) -> None:
        """Lose how far a projector has come."""
        self.store.tables.change(
            lambda execute, _: execute("DELETE FROM projection_state WHERE projector = ?", (projector,)),
            "lose how far it has come",
        )

    def lag(self, projector: str, tables: tuple[str, ...]) -> None:
        """Bring a projector back to where nothing was folded."""

        def lag(execute: Execute, _: ExecuteMany) -> None:
            for table in tables:
                execute(f"DELETE FROM {table}")
                execute("DELETE FROM reverted_rows WHERE table_name = ?", (table,))
            execute("UPDATE projection_state SET last_applied_sequence = 0 WHERE projector = ?", (projector,))

        self.store.tables.change(lag, "bring a projector back")

    def tables(self) -> Rows:
        """Every folded row, and the states."""
        return dump(self.connection)

    def rebuilt(self) -> Rows:
        """Every row as it is when all are thrown away and folded anew."""
        found: Rows = {}

        def work() -> None:
            rebuild(self.execute, self.log.read, executemany=self.connection.executemany)
            found.update(dump(self.connection))
            raise _Enough

        with contextlib.suppress(_Enough):
            self.store.database.transact(work, "try a rebuild")
        return found


class _Enough(Exception):
    """Undoes what was tried."""


def _draft(payload: Payload) -> Draft:
    thread_id = getattr(payload, "thread_id", None)
    return Draft(payload, "p", "project") if thread_id is None else Draft(payload, thread_id)
