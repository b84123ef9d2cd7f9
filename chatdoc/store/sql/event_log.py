"""Append-only event log: events are read back as they were told, in order, or the error says what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chatdoc.model.errors import LogCompacted, StoreDamaged
from chatdoc.model.events import codec
from chatdoc.model.events.event import Event
from chatdoc.store.sql.event_buffer import SettledTables
from chatdoc.store.sql.event_chain import HALF, Chain

PAGE_EVENTS = 500
"""How many events are read at a time; there is no limit to how many are read in all."""

COLUMNS = ", ".join((*codec.COLUMNS, "digest"))
_AFTER = f"SELECT {COLUMNS} FROM orchestration_events WHERE sequence > ? ORDER BY sequence LIMIT ?"
_STREAM = (
    f"SELECT {COLUMNS} FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND sequence > ? ORDER BY sequence LIMIT ?"
)
_BEFORE = "SELECT sequence, digest FROM orchestration_events WHERE sequence = ?"
_BEFORE_IN_STREAM = (
    "SELECT stream_version, digest FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND stream_version = ?"
)
_LAST = "SELECT coalesce(max(sequence), 0) FROM orchestration_events"
_PROJECT = (
    "SELECT stream_id FROM orchestration_events WHERE aggregate_kind = 'project' ORDER BY sequence LIMIT 1"
)
_BEGAN = "SELECT log_began_at_ms FROM document"
_COMPACTED = "SELECT coalesce(max(through_sequence), 0) FROM log_compactions"
_NEWEST_COMPACTED = (
    "SELECT max(sequence) FROM orchestration_events"
    " WHERE aggregate_kind = ? AND stream_id = ? AND sequence <= ?"
)


class SqlEventLog:
    """The events of the document; see the port. What is read is held against the chain of digests."""

    def __init__(self, database: SettledTables, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self.chain = Chain(document_id)

    def read(self, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """See the port."""
        found = self._database.rows(_AFTER, (after, limit), "read its events")
        through = self._require_whole(after, None)
        if found:
            self._verify(found, after, through)
        return [self._event(row) for row in found]

    def read_of(self, kind: str, stream_id: str, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """See the port."""
        found = self._database.rows(_STREAM, (kind, stream_id, after, limit), "read its events")
        through = self._require_whole(after, (kind, stream_id))
        if found:
            self._verify_stream(found, through)
        return [self._event(row) for row in found]

    def last_sequence(self) -> int:
        """See the port."""
        last: int = self._database.rows(_LAST, (), "find its last event")[0][0]
        return last

    def given_sequence(self) -> int:
        """The last sequence that was ever given to an event; more than the last one where that is gone."""
        return self._database.catalog.given_sequence()

    def compacted_through(self) -> int:
        """See the port."""
        through: int = self._database.rows(_COMPACTED, (), "look up its compactions")[0][0]
        return through

    def require_whole(self, after: int, stream: tuple[str, str] | None = None) -> None:
        """See the port."""
        self._require_whole(after, stream)

    def began_at_ms(self) -> int | None:
        """See the port."""
        found = self._database.rows(_BEGAN, (), "look up its document")
        return found[0][0] if found else None

    def project_id(self) -> str | None:
        """See the port."""
        found = self._database.rows(_PROJECT, (), "look up its project")
        return found[0][0] if found else None

    def _require_whole(self, after: int, stream: tuple[str, str] | None) -> int:
        """As `require_whole`; asked after reading, for another process may just have compacted the log."""
        through = self.compacted_through()
        if after >= through:
            return through
        reachable: int | None = through
        if stream is not None:  # A stream in which nothing happened since has lost nothing.
            values = (*stream, through)
            reachable = self._database.rows(_NEWEST_COMPACTED, values, "look up its compactions")[0][0]
        if reachable is None or after >= reachable:
            return through
        whose = "" if stream is None else f" of {stream[0]} {stream[1]}"
        raise LogCompacted(
            f"events{whose} up to {reachable} were removed by a compaction of the log, so it cannot be replayed beyond"
            f" event {after}; the first that can be replayed is {reachable + 1} (from sequence {reachable}, exclusive)",
            after=after,
            through_sequence=reachable,
            hint="Take a snapshot and go on from its snapshot_sequence",
        )

    def _verify(self, rows: Sequence[Sequence[Any]], after: int, through: int) -> None:
        """Raise StoreDamaged for the first of these rows that is not the next one as it was appended."""
        before = self.chain.first
        if after > 0:
            found = self._database.rows(_BEFORE, (after,), "read its events")
            before = self._half(found[0][1], 1) if found else b""
        expected = after + 1
        for row in rows:
            if row[0] != expected:
                raise self._damaged(expected, f"is missing; the next one is {row[0]}")
            digest = self._half(row[-1], 1)
            if before and self.told(before, row[:-1]) != digest:
                raise self._damaged(expected, "is not what was appended: its digest differs")
            if not before and after > through:
                raise self._damaged(after, "is missing")
            before = digest
            expected += 1

    def _verify_stream(self, rows: Sequence[Sequence[Any]], through: int) -> None:
        kind, stream_id, version = rows[0][2:5]
        before = self.chain.first
        if version != 0:
            values = (kind, stream_id, version - 1)
            found = self._database.rows(_BEFORE_IN_STREAM, values, "read its events")
            before = self._half(found[0][1], 0) if found else b""
            if not found and rows[0][0] > through:
                raise self._damaged(rows[0][0], f"of {kind} {stream_id} has no event before it, expected one")
        for expected, row in enumerate(rows, version):
            if row[4] != expected:
                raise self._damaged(row[0], f"is version {row[4]} of {kind} {stream_id}, expected {expected}")
            digest = self._half(row[-1], 0)
            if before and self.told(before, row[:-1]) != digest:
                raise self._damaged(row[0], "is not what was appended: its digest differs")
            before = digest

    def told(self, before: bytes, columns: Sequence[Any]) -> bytes:
        """Half of the digest that an event must have after another one; empty where its columns are damaged."""
        try:
            return self.chain.half(before, columns)
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            return b""

    def _half(self, digest: object, which: int) -> bytes:
        whole = digest if isinstance(digest, bytes) and len(digest) == 2 * HALF else bytes(2 * HALF)
        return whole[which * HALF : (which + 1) * HALF]

    def _event(self, row: Sequence[Any]) -> Event:
        payload, metadata = codec.decode(row)
        return Event(
            sequence=row[0],
            document_id=self._document_id,
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

    def _damaged(self, sequence: int, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"event {sequence} of document {self._document_id} in {self._database.name} {what}",
            hint=self._database.start_over,
        )
