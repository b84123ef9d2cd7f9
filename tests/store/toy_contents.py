"""State machine: what the toy store holds, and steps that change it; one taken again from the log does the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from chatdoc.model.clock import iso
from chatdoc.model.errors import DocumentFailed, ReceiptExists
from chatdoc.model.events.attribution import actor_kind, metadata_of
from chatdoc.model.events.event import Draft, Event
from chatdoc.model.ids import derive_ordered
from chatdoc.store.ports import Entry, Lease, Marker, Receipt, Registration, Rows


class Contents:
    """Plain lists and dictionaries, one a part of the port."""

    def __init__(self) -> None:
        self.updates: list[Entry] = []
        self.events: list[Event] = []
        self.versions: dict[tuple[str, str], int] = {}
        self.receipts: dict[str, Receipt] = {}
        self.leases: dict[str, Lease] = {}
        self.markers: dict[tuple[str, str], Marker] = {}
        self.registration: Registration | None = None
        self.began_at_ms: int | None = None
        self.rows: Rows | None = None
        self.cursors: dict[str, int] = {}
        self.diffs: dict[tuple[str, int, int], Any] = {}

    def take(self, steps: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        """Take the steps of a transaction."""
        for name, values in steps:
            getattr(self, name)(*values)

    def require_served(self) -> None:
        if self.registration.retired_at_ms is not None:
            raise DocumentFailed("the document is retired", hint="Open its file again")

    def append_update(self, update: bytes, origin: str) -> int:
        self.require_served()
        self.updates.append(Entry(len(self.updates) + 1, bytes(update), origin))
        return len(self.updates)

    def append_events(
        self, drafts: Sequence[Draft], at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        self.require_served()
        events: list[Event] = []
        for draft in drafts:
            stream = (draft.kind, draft.stream_id)
            version = self.versions.get(stream, 0)
            self.versions[stream] = version + 1
            metadata = metadata_of(origin, draft.metadata)
            event = Event(
                document_id=self.registration.document_id,
                sequence=len(self.events) + 1,
                event_id=derive_ordered(at_ms, f"{draft.kind}/{draft.stream_id}/{version}"),
                aggregate_kind=draft.kind,
                stream_id=draft.stream_id,
                stream_version=version,
                event_type=draft.event_type,
                occurred_at=iso(at_ms),
                command_id=command_id,
                causation_event_id=events[draft.cause].event_id if draft.cause >= 0 else None,
                correlation_id=command_id,
                actor_kind=actor_kind(command_id, metadata),
                payload=draft.payload,
                metadata=metadata,
            )
            events.append(event)
            self.events.append(event)
        return events

    def put_receipt(self, receipt: Receipt) -> None:
        self.require_served()
        if receipt.command_id in self.receipts:
            raise ReceiptExists(f"command {receipt.command_id} has a receipt already", hint="Return that one")
        self.receipts[receipt.command_id] = receipt

    def take_lease(self, lease: Lease, instead_of: str) -> bool:
        self.require_served()
        there = self.leases.get(lease.message_id)
        if there is not None and there.owner not in (lease.owner, instead_of):
            return False
        self.leases[lease.message_id] = lease
        return True

    def renew_leases(self, owner: str, heartbeat_at_ms: int) -> None:
        for message_id, lease in self.leases.items():
            if lease.owner == owner and lease.heartbeat_at_ms < heartbeat_at_ms:
                self.leases[message_id] = replace(lease, heartbeat_at_ms=heartbeat_at_ms)

    def release_lease(self, message_id: str, owner: str) -> None:
        if message_id in self.leases and self.leases[message_id].owner == owner:
            del self.leases[message_id]

    def put_cursor(self, consumer: str, sequence: int) -> None:
        self.cursors[consumer] = sequence

    def begin_events(self, drafts: Sequence[Draft], at_ms: int) -> None:
        if drafts:
            self.append_events(drafts, at_ms, None, "store")
        self.began_at_ms = at_ms

    def put_diff(self, diff: Any) -> None:
        self.diffs[diff.thread_id, diff.from_turn, diff.to_turn] = diff

    def put_registration(self, registration: Registration) -> None:
        self.registration = registration

    def put_marker(self, marker: Marker) -> None:
        place = (marker.source_digest, marker.steps_digest)
        self.markers.pop(place, None)
        self.markers[place] = marker

    def put_rows(self, rows: Rows) -> None:
        if self.rows is None or self.rows.sequence <= rows.sequence:
            self.rows = rows
