"""Events are read back as they were told, in order, as many as there are, or the error says what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatdoc.model.errors import LogCompacted
from chatdoc.model.events import codec
from chatdoc.model.events.event import Event
from chatdoc.store.sqlite.database import Database

PAGE_EVENTS = 500
"""How many events are read at a time; there is no limit to how many are read in all."""

COLUMNS = ", ".join(codec.COLUMNS)
_AFTER = f"SELECT {COLUMNS} FROM orchestration_events WHERE sequence > ? ORDER BY sequence LIMIT ?"
_STREAM = (
    f"SELECT {COLUMNS} FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
)
_LAST = "SELECT max(sequence) FROM orchestration_events"
_PROJECT = (
    "SELECT stream_id FROM orchestration_events WHERE aggregate_kind = 'project' ORDER BY sequence LIMIT 1"
)
_COMPACTED = "SELECT coalesce(max(through_sequence), 0) FROM log_compactions"
_NEWEST_COMPACTED = (
    "SELECT max(sequence) FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND sequence <= ?"
)


class EventReader:
    """The events of a store, for reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """The next events beyond a sequence; raises LogCompacted, EventUndecodable and StoreError."""
        return [_event(row) for row in self._page(after, limit)]

    def read_all(self, after: int = 0) -> Iterator[Event]:
        """All events beyond a sequence, page by page; raises LogCompacted, EventUndecodable and StoreError."""
        while rows := self._page(after, PAGE_EVENTS):
            for row in rows:
                yield _event(row)
            after = rows[-1][0]

    def read_of(self, kind: str, stream_id: str, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """The next events of one stream beyond a sequence; raises LogCompacted, EventUndecodable and StoreError."""
        return [_event(row) for row in self._page(after, limit, (kind, stream_id))]

    def read_stream(self, kind: str, stream_id: str, after: int = 0) -> Iterator[Event]:
        """All events of one stream beyond a sequence; raises LogCompacted, EventUndecodable and StoreError."""
        while rows := self._page(after, PAGE_EVENTS, (kind, stream_id)):
            for row in rows:
                yield _event(row)
            after = rows[-1][0]

    def compacted_through(self) -> int:
        """The last event that the latest compaction folded away, 0 without one."""
        through: int = self._database.rows(_COMPACTED, (), "look up its compactions")[0][0]
        return through

    def require_whole(self, after: int, stream: tuple[str, str] | None = None) -> None:
        """Raise LogCompacted where events beyond a sequence, of all or of one stream, are in the log no more."""
        through = self.compacted_through()
        if after >= through:
            return
        reachable: int | None = through
        if stream is not None:  # A stream in which nothing happened since has lost nothing.
            values = (*stream, through)
            reachable = self._database.rows(_NEWEST_COMPACTED, values, "look up its compactions")[0][0]
        if reachable is None or after >= reachable:
            return
        whose = "" if stream is None else f" of {stream[0]} {stream[1]}"
        raise LogCompacted(
            f"events{whose} up to {reachable} were removed by a compaction of the log, so it cannot be replayed beyond"
            f" event {after}; the first that can be replayed is {reachable + 1} (from sequence {reachable}, exclusive)",
            after=after,
            through_sequence=reachable,
            hint="Take a snapshot and go on from its snapshot_sequence",
        )

    def _page(self, after: int, limit: int, stream: tuple[str, str] | None = None) -> list[tuple[Any, ...]]:
        question, values = (_AFTER, ()) if stream is None else (_STREAM, stream)
        found = self._database.rows(question, (*values, after, limit), "read its events")
        self.require_whole(after, stream)  # After reading: another process may just have compacted the log.
        return found

    def last_sequence(self) -> int:
        """The sequence of the newest event, 0 when there is none."""
        return self._database.rows(_LAST, (), "find its last event")[0][0] or 0

    def project_id(self) -> str | None:
        """The project this store's events belong to, or None before the first one."""
        found = self._database.rows(_PROJECT, (), "look up its project")
        return found[0][0] if found else None


def _event(row: tuple[Any, ...]) -> Event:
    payload, metadata = codec.decode(row)
    return Event(
        sequence=row[0],
        event_id=row[1],
        aggregate_kind=row[2],
        stream_id=row[3],
        stream_version=row[4],
        event_type=row[5],
        occurred_at=row[6],
        command_id=row[7],
        causation_event_id=row[8],
        correlation_id=row[9],
        actor_kind=row[10],
        payload=payload,
        metadata=metadata,
    )
