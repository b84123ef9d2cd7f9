"""Events are appended in the caller's transaction, numbered without gaps, and read back as they were told.

The next sequence and the next version of a stream are read once and counted on; who learns that others wrote, or that
his own transaction was rolled back, must `forget` them. An event's id is derived from its place in its stream, so it is
the only one in its store whatever the random source gave.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from chatdoc.model.clock import Clock, iso
from chatdoc.model.events import codec
from chatdoc.model.events.attribution import actor_kind, metadata_of
from chatdoc.model.events.event import Draft, Event
from chatdoc.model.ids import derive_ordered
from chatdoc.store.sqlite.agent_sessions import SessionDirectory
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.read_events import COLUMNS, EventReader
from chatdoc.store.sqlite.sqlite_errors import FAULTS

_INSERT = f"INSERT INTO orchestration_events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VERSION = "SELECT max(stream_version) FROM orchestration_events WHERE aggregate_kind = ? AND stream_id = ?"
_NEXT = "SELECT seq FROM sqlite_sequence WHERE name = 'orchestration_events'"
_BEGAN = "SELECT log_began_at_ms IS NOT NULL FROM documents WHERE number = ?"
_BEGIN = "UPDATE documents SET log_began_at_ms = ? WHERE number = ?"
_Found = TypeVar("_Found")


class Journal(EventReader):
    """The events of a store, as one document's connection appends and reads them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._versions: dict[tuple[str, str], int] = {}
        """The next version of streams written here."""
        self._next: int | None = None
        """The sequence of the next event, where it is known."""
        self._metadata: dict[str, str] = {}
        """The spelled metadata of events that say nothing but their origin."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
        """Run a statement, in the open transaction where one is; raises StoreError."""
        try:
            return self._database.connection.execute(sql, parameters)
        except FAULTS as error:
            raise self._database.failed(error, "read or fold its events") from error

    def append(
        self, drafts: Sequence[Draft], *, at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        """Append events in the open transaction; raises StoreError, and then `forget` must be called."""
        occurred_at = iso(at_ms)
        events: list[Event] = []
        rows: list[tuple[Any, ...]] = []
        try:
            first = self._stored_next() if self._next is None else self._next
            for sequence, draft in enumerate(drafts, first):
                payload, stream_id, kind, extra, cause = draft
                metadata, spelled = self._metadata_of(origin, extra)
                actor, event_type = actor_kind(command_id, metadata), draft.event_type
                because = events[cause].event_id if cause >= 0 else None
                version = self._versions.get((kind, stream_id), -1)
                if version < 0:
                    version = self._stored_version(kind, stream_id)
                self._versions[kind, stream_id] = version + 1
                event_id = derive_ordered(at_ms, f"{kind}/{stream_id}/{version}")
                rows.append(
                    (
                        sequence, event_id, kind, stream_id, version, event_type, occurred_at, command_id, because,
                        command_id, actor, codec.encode(payload), spelled,
                    )
                )  # fmt: skip
                events.append(
                    Event(
                        sequence=sequence,
                        event_id=event_id,
                        aggregate_kind=kind,
                        stream_id=stream_id,
                        stream_version=version,
                        event_type=event_type,
                        occurred_at=occurred_at,
                        command_id=command_id,
                        causation_event_id=because,
                        correlation_id=command_id,
                        actor_kind=actor,
                        payload=payload,
                        metadata=metadata,
                    )
                )
            self._database.connection.executemany(_INSERT, rows)
        except FAULTS as error:
            raise self._database.failed(error, "append events") from error
        self._next = first + len(events)
        return events

    def _metadata_of(self, origin: str, extra: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
        """Metadata and its spelling; that of events which say nothing but their origin is spelled once."""
        metadata = metadata_of(origin, extra)
        if extra is not None:
            return metadata, codec.encode_metadata(metadata)
        spelled = self._metadata.get(origin)
        if spelled is None:
            spelled = self._metadata[origin] = codec.encode_metadata(metadata)
        return metadata, spelled

    def fold(
        self,
        fold: Callable[..., None],
        events: Sequence[Event],
    ) -> None:
        """Let events that were just appended be folded into tables, in the same transaction; raises StoreError."""
        try:
            connection = self._database.connection
            fold(connection.execute, events, self.read, connection.executemany)
        except FAULTS as error:
            raise self._database.failed(error, "fold events") from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run a statement for each row of values, in the open transaction; raises StoreError."""
        try:
            return self._database.connection.executemany(sql, rows)
        except FAULTS as error:
            raise self._database.failed(error, "fold its events") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A second connection that sees one moment of the store; raises StoreError."""
        try:
            with contextlib.closing(self._database.reader()) as connection:
                yield connection
        except FAULTS as error:
            raise self._database.failed(error, "be read") from error

    def at_one_moment(self, read: Callable[[Callable[..., Any]], _Found]) -> _Found:
        """What `read` finds with an `execute` that sees one moment of the store; also of one that is only read."""
        return self._database.at_one_moment(read, "be read")

    def writing(self, doing: str) -> contextlib.AbstractContextManager[object]:
        """One transaction that is written whole or not at all, for who has no document open; raises StoreError."""
        return self._database.writing(doing)

    def is_current(self) -> bool:
        """Whether the store has the tables that this program reads; one that is only read may lack some."""
        return self._database.is_current()

    def sessions(self, clock: Clock) -> SessionDirectory:
        """The directory of the agents' sessions, on the same connection."""
        return SessionDirectory(self._database, clock)

    def forget(self) -> None:
        """Know no places any more: others wrote, or what was appended here was rolled back."""
        self._versions.clear()
        self._next = None

    def began(self, document: int) -> bool:
        """Whether the events of a document (by its number) are in the log."""
        found = self._database.rows(_BEGAN, (document,), "look up a document")
        return bool(found and found[0][0])

    def begin(self, document: int, at_ms: int) -> None:
        """Note, in the open transaction, that a document's events are in the log from now on."""
        self._database.connection.execute(_BEGIN, (at_ms, document))

    def _stored_next(self) -> int:
        found = self._database.connection.execute(_NEXT).fetchone()
        return 1 if found is None else int(found[0]) + 1

    def _stored_version(self, kind: str, stream_id: str) -> int:
        found = self._database.connection.execute(_VERSION, (kind, stream_id)).fetchone()[0]
        return 0 if found is None else found + 1
