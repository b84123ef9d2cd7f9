"""Unit of work: what one transaction appends, counted on from what the last COMMIT left.

The counters are taken out of the store while a unit runs and put back after its COMMIT, so that one which ended in any
other way leaves none behind, and the next unit reads them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar, TypeVarTuple

from chatdoc.model.clock import iso
from chatdoc.model.commands.plan import Diff, Stopped
from chatdoc.model.errors import CommandRefused, ReceiptExists
from chatdoc.model.events import codec
from chatdoc.model.events.attribution import actor_kind, metadata_of
from chatdoc.model.events.event import ActorKind, Draft, Event
from chatdoc.model.events.types import TYPE_OF
from chatdoc.model.ids import derive_ordered
from chatdoc.store import row_digests
from chatdoc.store.agent_sessions import stop_sessions
from chatdoc.store.ports import Lease, Marker, Receipt, Registration
from chatdoc.store.projections.queries import put_diff
from chatdoc.store.sql import cursors, leases, receipts, registry, update_log
from chatdoc.store.sql.begin_log import BEGUN_BY, SEALED_MIN, seal_at_once
from chatdoc.store.sql.database import Database
from chatdoc.store.sql.event_buffer import EventBuffer
from chatdoc.store.sql.event_chain import HALF, Chain, Counters
from chatdoc.store.sql.event_runs import Row
from chatdoc.store.sql.move import retired

_STREAM = (
    "SELECT stream_version, digest FROM orchestration_events WHERE aggregate_kind = ? AND stream_id = ?"
    " ORDER BY stream_version DESC LIMIT 1"
)
_BEGIN_EVENTS = "UPDATE document SET log_began_at_ms = coalesce(log_began_at_ms, ?)"
_Found = TypeVar("_Found")
_Given = TypeVarTuple("_Given")


class SqlUnitOfWork:
    """What one transaction writes; see the port."""

    def __init__(
        self,
        database: Database,
        chain: Chain,
        buffer: EventBuffer,
        looked_up: receipts.SqlReceipts,
        document_id: str,
        count: Counters,
    ) -> None:
        self._database, self._chain, self._buffer, self._count = database, chain, buffer, count
        self._looked_up, self._document_id = looked_up, document_id
        self._salt = document_id.encode("utf-8", "surrogatepass")
        self._connection = database.connection()
        self._fault: BaseException | None = None
        self._written: set[str] = set()
        """Tables that were written to, and get their digests at the end."""
        self._over = False

    def end(self) -> None:
        """Write the digests of what was written; nothing more is. Raises the error that a piece of work has hidden."""
        if self._written and self._fault is None:
            self._run("write its digests", row_digests.put, self._connection.execute, *sorted(self._written))
        self._over = True
        if self._fault is not None:
            raise self._fault

    def append_update(self, update: bytes, origin: str, *, recorded_at_ms: int) -> int:
        """See the port."""
        self._require_served()
        sequence = self._count.update + 1
        row = update_log.row_of(self._salt, sequence, origin, recorded_at_ms, update)
        self._run("append an update", self._connection.execute, update_log.INSERT, row)
        self._count.update, self._count.update_digest = sequence, row[3]
        return sequence

    def append_events(
        self, drafts: Sequence[Draft], *, at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        """See the port."""
        self._require_served()
        return self._run("append or fold events", self._append, drafts, at_ms, command_id, origin)

    def put_receipt(
        self,
        receipt: Receipt,
        *,
        recorded_at_ms: int,
        update_sequence: int | None = None,
        result_sequence: int | None = None,
    ) -> None:
        """See the port."""
        self._require_served()
        last = self._count.event if result_sequence is None else result_sequence
        _moment(recorded_at_ms)
        row = receipts.row_of(self._salt, receipt, recorded_at_ms, update_sequence, last)
        self._run("store a receipt", self._insert_receipt, row)

    def take_lease(self, lease: Lease, *, instead_of: str = "") -> bool:
        """See the port."""
        self._require_served()
        self._written.add("turn_leases")
        values = (*leases.lease_values(lease), instead_of)
        return self._run("take a turn", self._take, values)

    def renew_leases(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """See the port."""
        self._written.add("turn_leases")
        self._execute(leases.RENEW, (heartbeat_at_ms, owner, heartbeat_at_ms), "renew its turns")

    def release_lease(self, message_id: str, owner: str) -> None:
        """See the port."""
        self._written.add("turn_leases")
        self._execute(leases.RELEASE, (message_id, owner), "release a turn")

    def put_cursor(self, consumer: str, sequence: int) -> None:
        """See the port."""
        self._written.add("consumer_cursors")
        self._execute(cursors.PUT, (consumer, sequence), "note how far it was read")

    def begin_events(self, drafts: Iterable[Draft] = (), *, at_ms: int) -> None:
        """See the port."""
        self._written.add("document")
        self._run("begin its event log", self._begin, iter(drafts), at_ms)

    def put_diff(self, diff: Diff) -> None:
        """See the port."""
        keep = partial(put_diff, created_at=diff.created_at)
        self._run("keep a diff", keep, self._connection.execute, *diff[:4])

    def stop_sessions(self, stopped: Stopped, *, at_ms: int) -> None:
        """See the port."""
        self._written.add("provider_session_runtime")
        self._run("note a session's end", stop_sessions, self._connection.execute, *stopped, at_ms)

    def put_registration(self, registration: Registration) -> None:
        """See the port."""
        path, document_id, _, *rest = registry.registration_values(registration)
        assert document_id == self._document_id, "a store is one document's"
        self._written.add("document")
        self._execute(registry.PUT, (path, *rest), "note where its file is")
        self._count.retired = registration.retired_at_ms is not None
        self._run("note where its file is", self._database.catalog.note_registration, registration)

    def put_marker(self, marker: Marker, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._written.add("markers")
        self._execute(registry.PUT_MARKER, registry.marker_values(marker, recorded_at_ms), "note a migration")

    def _take(self, values: Row) -> bool:
        return self._connection.execute(leases.TAKE, values).rowcount == 1

    def _append(
        self, drafts: Sequence[Draft], at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        rows, events = self._place(drafts, at_ms, command_id, origin)
        self._buffer.add(rows, events)
        return events

    def _place(
        self, drafts: Sequence[Draft], at_ms: int, command_id: str | None, origin: str
    ) -> tuple[list[Row], list[Event]]:
        """The rows of these drafts, with their digests, and the events that they are; the counters go on."""
        occurred_at, count = _moment(at_ms), self._count
        events: list[Event] = []
        rows: list[Row] = []
        known: dict[str, Any] | None = {}
        metadata: dict[str, Any] = {}
        spelled = ""
        actor: ActorKind = "client"
        for sequence, (payload, stream_id, kind, extra, cause) in enumerate(drafts, count.event + 1):
            if extra is not known:  # Most events of a batch have the same, which is none.
                known, metadata = extra, metadata_of(origin, extra)
                spelled = codec.encode_metadata(metadata) if extra else codec.encode_origin(origin)
                actor = actor_kind(command_id, metadata)
            because = events[cause].event_id if cause >= 0 else None
            event_type = TYPE_OF[type(payload)]
            stream = kind, stream_id
            version, before = count.streams.get(stream) or self._newest(kind, stream_id)
            version += 1
            event_id = derive_ordered(at_ms, f"{self._document_id}/{kind}/{stream_id}/{version}")
            columns = (
                sequence, event_id, kind, stream_id, version, event_type, occurred_at, command_id, because,
                command_id, actor, codec.encode(payload), spelled,
            )  # fmt: skip
            digest = self._chain.digest(before, count.head, columns)
            count.streams[stream], count.head = (version, digest[:HALF]), digest[HALF:]
            count.digest = digest
            rows.append((*columns, digest))
            events.append(
                Event(
                    sequence=sequence,
                    document_id=self._document_id,
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
        count.event += len(events)
        return rows, events

    def _begin(self, drafts: Iterator[Draft], at_ms: int) -> None:
        some = list(islice(drafts, SEALED_MIN))
        if some:
            self._require_served()
        if len(some) == SEALED_MIN and self._count.event == 0:
            connection = self._connection
            self._buffer.forget()
            seal_at_once(
                connection.execute,
                connection.executemany,
                chain(some, drafts),
                lambda page: self._place(page, at_ms, None, BEGUN_BY),
            )
            some = []
        while some:
            self._append(some, at_ms, None, BEGUN_BY)
            some = list(islice(drafts, SEALED_MIN))
        self._connection.execute(_BEGIN_EVENTS, (at_ms,))

    def _newest(self, kind: str, stream_id: str) -> tuple[int, bytes]:
        found = self._connection.execute(_STREAM, (kind, stream_id)).fetchone()
        return (-1, self._chain.first) if found is None else (found[0], found[1][:HALF])

    def _insert_receipt(self, row: tuple[Any, ...]) -> None:
        self._looked_up.forget(row[0])
        if row[0] in self._database.without_receipt:
            self._database.without_receipt.discard(row[0])
            self._connection.execute(receipts.INSERT_NEW, row)
        elif self._connection.execute(receipts.INSERT, row).rowcount != 1:
            raise ReceiptExists(
                f"command {row[0]} of document {self._document_id} has a receipt already",
                hint="Return that one instead",
            )

    def _execute(self, sql: str, values: tuple[Any, ...], doing: str) -> None:
        self._run(doing, self._connection.execute, sql, values)

    def _run(self, doing: str, work: Callable[[*_Given], _Found], *given: *_Given) -> _Found:
        """Do something with the connection; whatever goes wrong undoes the unit, even where the work hides it."""
        assert not self._over, "this unit of work is over; ask the store for another one"
        try:
            return work(*given)
        except ReceiptExists:
            raise
        except self._database.faults as error:
            self._fault = self._database.failed(error, doing)
            raise self._fault from error
        except BaseException as error:
            self._fault = error
            raise

    def _require_served(self) -> None:
        if self._count.retired:
            raise retired(self._connection.execute, self._document_id, self._database.name)


def _moment(at_ms: int) -> str:
    """A moment as it is stored; raises CommandRefused where no date says it."""
    try:
        return iso(at_ms)
    except ValueError as error:
        raise CommandRefused(f"the clock is wrong: {error}", hint="Set the clock, then try again") from error
