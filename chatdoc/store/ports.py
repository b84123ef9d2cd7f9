"""Ports: all that the engine asks of a store, as protocols; every promise here is held by `chatdoc.testing.acceptance`.

A store belongs to one document. What it reads it reads through its parts (`updates`, `events`, `receipts`, …); what it
writes it writes in a unit of work, which is one transaction: all of it is there afterwards, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from chatdoc.model.commands.plan import Diff, Stopped
from chatdoc.model.errors import ChatdocError, ReceiptExists, StoreError
from chatdoc.model.events.event import Draft, Event
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.part_ports import Cursors, EventLog, Feed, Leases, Receipts, Registry, Snapshots, UpdateLog
from chatdoc.store.projections.read_model import ReadModel
from chatdoc.store.values import (
    Entry,
    Finding,
    Found,
    Lease,
    Marker,
    Phase,
    Receipt,
    Registration,
    RowPieces,
    Rows,
    Sealed,
    Standing,
)

__all__ = [
    "Cursors",
    "DocumentStore",
    "Entry",
    "EventLog",
    "Feed",
    "Finding",
    "Found",
    "Lease",
    "Leases",
    "Marker",
    "Phase",
    "Receipt",
    "Receipts",
    "Registration",
    "Registry",
    "RowPieces",
    "Rows",
    "Sealed",
    "Snapshots",
    "Standing",
    "Stores",
    "UnitOfWork",
    "UpdateLog",
    "refused_alone",
]
"""The protocols, and the values that go through them."""

Answer = TypeVar("Answer")


class UnitOfWork(Protocol):
    """What one transaction writes. It is handed to the work given to `DocumentStore.write`, and ends with that.

    Each method raises StoreError when the store fails; the whole transaction is undone then.
    """

    def append_update(self, update: bytes, origin: str, *, recorded_at_ms: int) -> int:
        """Append an update; returns its sequence, one more than that of the last one, whoever appended that.

        As `append_events`, `put_receipt` and `take_lease` it raises DocumentFailed once the document is retired.
        """

    def append_events(
        self, drafts: Sequence[Draft], *, at_ms: int, command_id: str | None, origin: str
    ) -> list[Event]:
        """Append events, and fold them where there is a read model; returns them as they were stored.

        Sequences go on without gaps from 1, and so does `stream_version` in each stream (a kind and an id) from 0. A
        draft's `cause` is the place in `drafts` of the event that caused it, or below 0. An event has the registered
        document's id, an `event_id` that no other has, `at_ms` as its date, the command id as its correlation too, and
        actor and metadata as `chatdoc.model.events.attribution` tells them.
        """

    def put_receipt(
        self,
        receipt: Receipt,
        *,
        recorded_at_ms: int,
        update_sequence: int | None = None,
        result_sequence: int | None = None,
    ) -> None:
        """Keep the answer to a command id; raises ReceiptExists, and writes nothing, when there is one already.

        `update_sequence` is that of the command's update, `result_sequence` that of its last event.
        """

    def take_lease(self, lease: Lease, *, instead_of: str = "") -> bool:
        """Write a lease down; false, and nothing written, while another owner than `instead_of` has the turn.

        An owner may take its own turn again.
        """

    def renew_leases(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """Note that an owner lives, for all its turns at once; the clock never turns a heartbeat back."""

    def release_lease(self, message_id: str, owner: str) -> None:
        """Forget a turn's lease if this owner still has it."""

    def put_cursor(self, consumer: str, sequence: int) -> None:
        """Note how far a consumer of the event log has come; one row that moves."""

    def begin_events(self, drafts: Iterable[Draft] = (), *, at_ms: int) -> None:
        """Append what the log begins with, and note that it tells of the document from now on.

        The drafts, none of which has a cause, become the events that `append_events` makes of them with the origin
        `store` and no command id; so many may come that a store had better seal them at once.
        """

    def put_diff(self, diff: Diff) -> None:
        """Keep the text of the difference between two checkpoints; it replaces one of the same place."""

    def stop_sessions(self, stopped: Stopped, *, at_ms: int) -> None:
        """Note in the directory of sessions which of a thread's agents have ended."""

    def put_registration(self, registration: Registration) -> None:
        """Replace what is said of the document and its file."""

    def put_marker(self, marker: Marker, *, recorded_at_ms: int) -> None:
        """Note how far a migration went; it replaces that of the same source and steps, and is the last one then."""


def refused_alone(error: ChatdocError) -> bool:
    """Whether an error of one piece of work, among many of one transaction, leaves the others as they are."""
    return isinstance(error, ReceiptExists) or not isinstance(error, StoreError)


class DocumentStore(Protocol):
    """The store of one document; usable from any thread. Each method raises StoreError when the store fails.

    After a failure, whichever call raised it, the next call finds the store as the last COMMIT left it: nothing that
    memory counted on in between is trusted, and a fault that has passed needs no reopening.
    """

    @property
    def location(self) -> Path | None:
        """The file, or None for a store that is none."""

    @property
    def updates(self) -> UpdateLog:
        """The updates of the document."""

    @property
    def receipts(self) -> Receipts:
        """The answers to command ids."""

    @property
    def snapshots(self) -> Snapshots:
        """Shortcuts past the update log."""

    @property
    def registry(self) -> Registry:
        """Which document this is, and how far its migrations went."""

    @property
    def leases(self) -> Leases:
        """Which turns are run, and by whom."""

    @property
    def cursors(self) -> Cursors:
        """How far consumers of the event log have come."""

    @property
    def feed(self) -> Feed:
        """Says that there may be more."""

    @property
    def events(self) -> EventLog | None:
        """None for a store that keeps no event log."""

    @property
    def read_model(self) -> ReadModel | None:
        """What is folded from the events, or None for a store that folds nothing."""

    @property
    def sessions(self) -> SessionDirectory | None:
        """How to find the sessions of agents again, where that is kept."""

    def write(self, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """Do something as one transaction, alone among all who write to the document; returns what the work returns.

        Whatever the work raises undoes all of it. A StoreError or a KeyboardInterrupt out of `write` itself, at any
        moment, means that nothing was acknowledged: the unit is whole or not there, and the next look at the store
        tells which. The work reads what it has written so far through the parts of this store; other threads that use
        it wait, or see none of that. Work may not call `write` itself.
        """

    def write_each(self, works: Sequence[Callable[[UnitOfWork], Answer]]) -> list[Answer | ChatdocError]:
        """Group commit: do many things as one transaction; returns an answer each.

        One that raises a ChatdocError other than StoreError, or ReceiptExists, is undone alone, and its error is its
        answer (`refused_alone`). Anything else undoes all of them and is raised.
        """

    def at_one_moment(self, read: Callable[[], Answer]) -> Answer:
        """What `read` finds when it asks the parts of this store, all as of one moment, whatever others commit.

        `read` may be called twice, where the first answer was overtaken. It writes nothing; others may wait to write.
        """

    def seal_logs(self, *, dry_run: bool = False, shrink: bool = True) -> Sealed:
        """Put all events, and all updates but the newest, into compressed runs, in one transaction.

        Space that gets free is given back, or is there for what comes next where `shrink` is false; outside a unit.

        What `updates` and `events` tell stays the same, each entry with the digest it was appended with. A store that
        seals nothing says so. A dry run writes nothing.
        """

    def shrink(self, *, free_share_min: float) -> None:
        """Give free space back to the disk, where it is at least such a share of the store; outside a unit."""

    def verify(self) -> list[Finding]:
        """Everything that is wrong with what is stored, as of one moment; reads all of it and writes nothing."""

    def close(self) -> None:
        """Let go of the store, whatever state it is in; later calls raise StoreError, a second close nothing."""


class Stores(Protocol):
    """Where the stores of the documents of one folder are; nothing in it is shared between documents, no lock either.

    A path is no identity: a store is found by what a file says it is, and by the path it was published to last.
    """

    @property
    def backups(self) -> Path:
        """The folder of the bytes that files had before they were migrated; it may not be there yet."""

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        """What is known of a file that says it is one of these documents, or says nothing. Writes nothing.

        Retired stores are never found; raises DocumentMoved where the file's document lives in another store now.
        """

    def create(
        self,
        path: Path,
        registration: Registration,
        genesis: bytes,
        *,
        origin: str,
        recorded_at_ms: int,
        marker: Marker | None = None,
    ) -> DocumentStore:
        """Make a store with its document's first update and the marker of its migration, whole or not at all.

        Raises DocumentExists when the path has a store already, perhaps made by another process just now.
        """

    def open(self, place: Path) -> DocumentStore:
        """Open a store to read and write it; raises StoreTooNew, StoreDamaged, StoreError, ReadOnlyTarget."""

    def look(self, place: Path) -> DocumentStore:
        """Open a store to read it only, leaving no trace; raises as `open` does."""

    def follow_move(self, store: DocumentStore, path: Path) -> None:
        """Let a store serve another path from now on, a retired one too, which is retired no more then.

        Raises DocumentExists when that path has a store already.
        """

    def release(self, store: DocumentStore, path: Path) -> None:
        """Let a path lead to this store no more: its file is another document's now, or was rolled back.

        The store stays as it is. One that is not retired is found again by its document's id (`moved`).
        """

    def places(self) -> list[Path]:
        """Every store of the folder, retired ones too, by name."""

    def forget(self, place: Path, *, dry_run: bool = True) -> list[Path]:
        """Remove a store, its backups and what leads to it; returns the files that went, or would go."""
