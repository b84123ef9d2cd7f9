"""A snapshot and what is replayed on it are what is stored now: no gap, no overlap, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from chatdoc.document import Document
from chatdoc.model.errors import LogCompacted
from chatdoc.model.events.event import Event
from chatdoc.store.memory.blank_tables import blank
from chatdoc.store.projections.fold import catch_up, rebuild
from chatdoc.store.projections.snapshot import Snapshot, snapshot
from chatdoc.testing.history import History
from chatdoc.testing.tables import rows_of
from chatdoc.testing.white_box import event_log_of, execute_of


class Moment:
    """A snapshot of a store, and the tables as they were folded up to it."""

    def __init__(self, document: Document, history: History) -> None:
        """Take a snapshot; raises AssertionError unless the log up to it gives the same."""
        taken = document.snapshot()
        self.sequence = taken.snapshot_sequence
        self._tables = blank()
        history.follow(event_log_of(document))
        self._events = [one for one in history.events if one.sequence <= self.sequence]
        rebuild(self._tables.execute, self._read)
        folded = snapshot(self._tables.execute)
        for field in Snapshot.__struct_fields__:
            assert getattr(taken, field) == getattr(folded, field), (
                f"the snapshot's {field} are not the log's"
            )
        assert taken.state_vector == document.state_vector(), "the snapshot is of another document"

    def assert_replayed(self, document: Document) -> None:
        """Go on from the snapshot, unless the log was compacted since; raises AssertionError where that is not now."""
        if self.sequence < event_log_of(document).compacted_through():
            self._assert_too_late(document)
            return
        replayed = list(document.replay(from_sequence_exclusive=self.sequence))
        with document.subscribe_events(self.sequence) as following:
            followed = [following.wait() for _ in replayed]
        assert followed == replayed, "who follows the log sees other events than who replays it"
        self._events += replayed
        catch_up(self._tables.execute, self._read)
        now, before = rows_of(execute_of(document)), rows_of(self._tables.execute)
        assert now == before, "a snapshot with what was replayed on it is not what is stored"
        self._tables.close()

    def _assert_too_late(self, document: Document) -> None:
        try:
            list(document.replay(from_sequence_exclusive=self.sequence))
        except LogCompacted:
            return
        raise AssertionError(f"the log goes on from {self.sequence}, though what came next was removed")

    def _read(self, after: int, limit: int) -> Sequence[Event]:
        return [one for one in self._events if one.sequence > after][:limit]
