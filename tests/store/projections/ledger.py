"""A store in memory whose events are appended, folded and compacted as those of a file are."""

from __future__ import annotations

from pathlib import Path

from chatdoc.model.clock import iso
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Payload
from chatdoc.store.projections.compact_events import CompactedLog, compact_log
from chatdoc.store.projections.fold import fold, rebuild
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.event_log import Journal
from tests.store.projections.world import BASE_MS, Rows, dump, empty_store


class Ledger:
    """Events and their projections; each batch is one transaction, dated by its number."""

    def __init__(self) -> None:
        self.connection = empty_store()
        self.execute = self.connection.execute
        self.journal = Journal(Database(Path("memory"), self.connection))
        self._batches = 0

    def happen(self, *payloads: Payload) -> int:
        """Append and fold; returns the last sequence."""
        self._batches += 1
        drafts = [_draft(payload) for payload in payloads]
        self.execute("BEGIN")
        events = self.journal.append(drafts, at_ms=BASE_MS + self._batches, command_id=None, origin="test")
        self.journal.fold(fold, events)
        self.execute("COMMIT")
        return events[-1].sequence

    def compact(self) -> CompactedLog:
        """Compact the log."""
        self.execute("BEGIN")
        found = compact_log(self.execute, self.journal.read, now_iso=iso(BASE_MS))
        self.execute("COMMIT")
        return found

    def forget(self, projector: str) -> None:
        """Lose how far a projector has come."""
        self.execute("DELETE FROM projection_state WHERE projector = ?", (projector,))

    def lag(self, projector: str, tables: tuple[str, ...]) -> None:
        """Bring a projector back to where nothing was folded."""
        for table in tables:
            self.execute(f"DELETE FROM {table}")
            self.execute("DELETE FROM reverted_rows WHERE table_name = ?", (table,))
        self.execute(
            "UPDATE projection_state SET last_applied_sequence = 0 WHERE projector = ?", (projector,)
        )

    def tables(self) -> Rows:
        """Every folded row, and the states."""
        return dump(self.connection)

    def rebuilt(self) -> Rows:
        """Every row as it is when all are thrown away and folded anew."""
        self.execute("BEGIN")
        rebuild(self.execute, self.journal.read, executemany=self.connection.executemany)
        found = dump(self.connection)
        self.execute("ROLLBACK")
        return found


def _draft(payload: Payload) -> Draft:
    thread_id = getattr(payload, "thread_id", None)
    return Draft(payload, "p", "project") if thread_id is None else Draft(payload, thread_id)
