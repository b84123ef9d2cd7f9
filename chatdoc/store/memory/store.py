"""Store in memory, without an event log: every promise of the port but that anything outlives the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TypeVar

import msgspec

from chatdoc.model.commands.plan import Diff, Stopped
from chatdoc.model.errors import ChatdocError, DocumentFailed, StoreError
from chatdoc.model.events.event import Draft, Event
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.memory.parts import (
    Kept,
    MemoryCursors,
    MemoryFeed,
    MemoryLeases,
    MemoryReceipts,
    MemoryRegistry,
    MemorySnapshots,
    MemoryUpdateLog,
)
from chatdoc.store.ports import (
    Entry,
    EventLog,
    Finding,
    Lease,
    Marker,
    Receipt,
    Registration,
    Sealed,
    UnitOfWork,
    refused_alone,
)
from chatdoc.store.projections.read_model import ReadModel

Answer = TypeVar("Answer")


class MemoryStore:
    """The store of one document that has no file; see the port."""

    def __init__(self, registration: Registration) -> None:
        kept = self._kept = Kept(registration)
        self.location: Path | None = None
        self.updates, self.receipts, self.snapshots = (
            MemoryUpdateLog(kept),
            MemoryReceipts(kept),
            MemorySnapshots(kept),
        )
        self.registry, self.leases, self.feed = MemoryRegistry(kept), MemoryLeases(kept), MemoryFeed(kept)
        self.cursors = MemoryCursors(kept)
        self.events: EventLog | None = None
        self.read_model: ReadModel | None = None
        self.sessions: SessionDirectory | None = None
        self._frame: FrameType | None = None
        """The call whose work runs; one that was interrupted is on no stack."""

    def write(self, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """See the port."""
        return self._write(partial(work, _Unit(self._kept, self.receipts)))

    def write_each(self, works: Sequence[Callable[[UnitOfWork], Answer]]) -> list[Answer | ChatdocError]:
        """See the port."""

        def all_of_them() -> list[Answer | ChatdocError]:
            answers: list[Answer | ChatdocError] = []
            for work in works:
                undo = self._undo()
                try:
                    answers.append(work(_Unit(self._kept, self.receipts)))
                except ChatdocError as error:
                    if not refused_alone(error):
                        raise
                    undo()
                    answers.append(error)
            return answers

        return self._write(all_of_them)

    def at_one_moment(self, read: Callable[[], Answer]) -> Answer:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return read()

    def seal_logs(self, *, dry_run: bool = False, shrink: bool = True) -> Sealed:
        """See the port; nothing is sealed."""
        self._kept.require_open()
        return Sealed(entries=0, bytes_before=0, bytes_after=0)

    def shrink(self, *, free_share_min: float) -> None:
        """See the port: there is nothing to give back."""
        self._kept.require_open()

    def verify(self) -> list[Finding]:
        """See the port; nothing of a process's own memory is doubted."""
        self._kept.require_open()
        return []

    def close(self) -> None:
        """See the port."""
        self._kept.closed = True
        self.feed.bell.ring()

    def _write(self, work: Callable[[], Answer]) -> Answer:
        with self._kept.lock:
            self._kept.require_open()
            assert not self._is_inside(), "work is being done in this thread already; write in that one"
            undo = self._undo()
            try:
                self._frame = sys._getframe()
                answer = work()
            except BaseException:
                undo()
                raise
            finally:
                self._frame = None
            self.feed.bell.committed()
        return answer

    def _undo(self) -> Callable[[], None]:
        """What brings everything back to how it is now."""
        kept = self._kept
        entries, receipts, registration = len(kept.entries), len(kept.receipts), kept.registration
        markers, leases, cursors = dict(kept.markers), dict(kept.leases), dict(kept.cursors)

        def undo() -> None:
            del kept.entries[entries:]
            for command_id in list(islice(kept.receipts, receipts, None)):
                del kept.receipts[command_id]
            kept.registration, kept.markers = registration, markers
            kept.leases, kept.cursors = leases, cursors

        return undo

    def _is_inside(self) -> bool:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and self._frame is not None:
            if frame is self._frame:
                return True
            frame = frame.f_back
        return False


class _Unit:
    """What one transaction writes; see the port."""

    def __init__(self, kept: Kept, receipts: MemoryReceipts) -> None:
        self._kept, self._receipts = kept, receipts

    def append_update(self, update: bytes, origin: str, *, recorded_at_ms: int) -> int:
        """See the port."""
        self._require_served()
        self._kept.entries.append(Entry(len(self._kept.entries) + 1, bytes(update), origin))
        return len(self._kept.entries)

    def append_events(
        self, drafts: Sequence[Draft], *, at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        """There is no event log; raises StoreError."""
        raise StoreError("a store in memory keeps no event log", hint="Use memory_sqlite_store()")

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
        self._receipts.put(receipt)

    def take_lease(self, lease: Lease, *, instead_of: str = "") -> bool:
        """See the port."""
        self._require_served()
        there = self._kept.leases.get(lease.message_id)
        if there is not None and there.owner not in (lease.owner, instead_of):
            return False
        self._kept.leases[lease.message_id] = lease
        return True

    def renew_leases(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """See the port."""
        for message_id, lease in self._kept.leases.items():
            if lease.owner == owner and lease.heartbeat_at_ms < heartbeat_at_ms:
                renewed = msgspec.structs.replace(lease, heartbeat_at_ms=heartbeat_at_ms)
                self._kept.leases[message_id] = renewed

    def release_lease(self, message_id: str, owner: str) -> None:
        """See the port."""
        there = self._kept.leases.get(message_id)
        if there is not None and there.owner == owner:
            del self._kept.leases[message_id]

    def put_cursor(self, consumer: str, sequence: int) -> None:
        """See the port."""
        self._kept.cursors[consumer] = sequence

    def begin_events(self, drafts: Iterable[Draft] = (), *, at_ms: int) -> None:
        """There is no event log; nothing is noted."""

    def put_diff(self, diff: Diff) -> None:
        """There is no read model; nothing is kept."""

    def stop_sessions(self, stopped: Stopped, *, at_ms: int) -> None:
        """There is no directory of sessions; nothing is noted."""

    def put_registration(self, registration: Registration) -> None:
        """See the port."""
        assert registration.document_id == self._kept.registration.document_id, "a store is one document's"
        self._kept.registration = registration

    def put_marker(self, marker: Marker, *, recorded_at_ms: int) -> None:
        """See the port."""
        key = (marker.source_digest, marker.steps_digest)
        self._kept.markers.pop(key, None)
        self._kept.markers[key] = marker

    def _require_served(self) -> None:
        if self._kept.registration.retired_at_ms is not None:
            raise DocumentFailed(
                f"document {self._kept.registration.document_id} was rolled back or replaced, so nothing is written "
                "to it any more",
                hint="Open the file again",
            )
