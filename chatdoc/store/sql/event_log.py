"""Append-only event log: events are read back as they were told, in order, or the error says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from chatdoc.model.errors import LogCompacted, StoreDamaged
from chatdoc.model.events import codec
from chatdoc.model.events.event import Event
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.event_buffer import SettledTables
from chatdoc.store.sql.event_chain import HALF, Chain
from chatdoc.store.sql.event_rows import EventRows
from chatdoc.store.sql.event_runs import Row, seal
from chatdoc.store.values import Sealed

Answer = TypeVar("Answer")

PAGE_EVENTS = 500
"""How many events are read at a time; there is no limit to how many are read in all."""

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
        self._rows = EventRows()

    def read(self, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """See the port."""
        found = self.rows_after(after, limit)
        through = self._require_whole(after, None)
        if found:
            self._verify(found, after, through)
        return [self._event(row) for row in found]

    def read_of(self, kind: str, stream_id: str, after: int = 0, limit: int = PAGE_EVENTS) -> list[Event]:
        """See the port."""
        found = self._ask(lambda execute: self._rows.of_stream(execute, (kind, stream_id), after, limit))
        through = self._require_whole(after, (kind, stream_id))
        if found:
            self._verify_stream(found, through)
        return [self._event(row) for row in found]

    def rows_after(self, after: int, limit: int) -> list[Row]:
        """The next rows beyond a sequence as they are stored, in the table or in a run."""
        return self._ask(lambda execute: self._rows.after(execute, after, limit))

    def newest(self) -> dict[tuple[str, str], int]:
        """The sequence of the newest row of each stream."""
        return self._ask(self._rows.newest)

    def copies_that_differ(self) -> list[int]:
        """Sequences of events that lie in the table and in a run, and are not the same there."""
        return self._ask(self._rows.copies_that_differ)

    def seal(self, *, dry_run: bool) -> Sealed:
        """Put all events into compressed runs; a transaction, or a part of the one that is open."""

        def sealed(execute: Execute) -> Sealed:
            try:
                return seal(execute, dry_run=dry_run)
            except ValueError as error:
                raise self._unreadable(error) from error

        if dry_run:
            return self._database.ask(sealed, "look at its events")
        return self._database.change(lambda execute, _: sealed(execute), "seal its events")

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
            found = self._ask(lambda execute: self._rows.at(execute, after))
            before = b"" if found is None else self._half(found[-1], 1)
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
            found = self._ask(
                lambda execute: self._rows.of_version(execute, (kind, stream_id), version - 1, rows[0][0])
            )
            before = b"" if found is None else self._half(found[-1], 0)
            if found is None and rows[0][0] > through:
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

    def _ask(self, read: Callable[[Execute], Answer]) -> Answer:
        def readable(execute: Execute) -> Answer:
            try:
                return read(execute)
            except ValueError as error:
                raise self._unreadable(error) from error

        # Somebody may seal meanwhile: what is looked for in a run and then in the table would be in neither.
        return self._database.ask_at_one_moment(readable, "read its events")

    def _unreadable(self, error: ValueError) -> StoreDamaged:
        return StoreDamaged(
            f"sealed events of document {self._document_id} in {self._database.name} cannot be read: {error}",
            hint=self._database.start_over,
        )

    def _damaged(self, sequence: int, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"event {sequence} of document {self._document_id} in {self._database.name} {what}",
            hint=self._database.start_over,
        )
