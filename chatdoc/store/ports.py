"""Ports: all that the engine asks of a store, as protocols; every promise here is held by `chatdoc.testing.acceptance`.

A store belongs to one document. What it reads it reads through its parts (`updates`, `events`, `receipts`, …); what it
writes it writes in a unit of work, which is one transaction: all of it is there afterwards, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar

import msgspec

from chatdoc.model.commands.plan import Diff, Stopped
from chatdoc.model.errors import ChatdocError, ReceiptExists, StoreError
from chatdoc.model.events.event import Draft, Event
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.process_identity import Process
from chatdoc.store.projections.read_model import ReadModel

Answer = TypeVar("Answer")
Phase = Literal["committed", "published", "rolled_back"]


class Entry(NamedTuple):
    """One stored update; `sequence` counts from 1 in this log and has no meaning outside it."""

    sequence: int
    update: bytes
    origin: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The stored answer to a command id; `result` is JSON, `error` the text of a refusal."""

    command_id: str
    command_digest: str
    status: Literal["accepted", "rejected"]
    result: bytes
    error: str | None = None
    aggregate_kind: Literal["project", "thread"]
    aggregate_id: str
    """The thread the command was for, or the document where it was for no thread."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a document after the entry `sequence`, so that opening it needs no Y document.

    `known` is the state vector, client to clock; `headers` is JSON Lines of Header facts, `others` every other fact.
    """

    sequence: int
    known: dict[int, int]
    headers: bytes
    others: bytes


class RowPieces(NamedTuple):
    """Rows whose headers come in pieces of whole lines, so that they need not all lie in memory at once."""

    sequence: int
    known: dict[int, int]
    others: bytes
    headers: Iterator[bytes]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The document a store belongs to, and the file it was published to last; `path` is that file's name.

    `text_digest` is the digest of the text last published, None before the first one; `text_stat` is how the file that
    held it looked, so that one that still looks so need not be read, and `text_sequence` the last entry of the update
    log that the text has. `released` says that the file of `path` is another document's by now. Once `retired_at_ms` is
    set (after a rollback), the store serves no file, and whoever has it open hears DocumentFailed from the feed.
    """

    path: str
    document_id: str
    created_at_ms: int
    text_digest: str | None = None
    text_stat: str | None = None
    text_sequence: int | None = None
    retired_at_ms: int | None = None
    released: bool = False


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """How far one migration went: of the bytes of `source_digest`, by the steps of `steps_digest`.

    `backup` is a file name in the folder of backups, `report` is JSON, `text_digest` is that of the text that replaced
    the source.
    """

    source_digest: str
    steps_digest: str
    phase: Phase
    backup: str
    report: bytes = b"{}"
    text_digest: str | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a turn: `owner` is an id of one opening of the document, `process` the process it was opened in."""

    message_id: str
    thread_id: str
    owner: str
    process: Process
    taken_at_ms: int
    heartbeat_at_ms: int


class Finding(NamedTuple):
    """Something that is wrong with what is stored: a code that programs know, where, and what."""

    code: str
    where: str
    what: str


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

    def begin_events(self, *, at_ms: int) -> None:
        """Note that the event log tells of the document from now on."""

    def put_diff(self, diff: Diff) -> None:
        """Keep the text of the difference between two checkpoints; it replaces one of the same place."""

    def stop_sessions(self, stopped: Stopped, *, at_ms: int) -> None:
        """Note in the directory of sessions which of a thread's agents have ended."""

    def put_registration(self, registration: Registration) -> None:
        """Replace what is said of the document and its file."""

    def put_marker(self, marker: Marker, *, recorded_at_ms: int) -> None:
        """Note how far a migration went; it replaces that of the same source and steps, and is the last one then."""


class UpdateLog(Protocol):
    """The updates of the document, append-only."""

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries beyond a sequence, ascending and without gaps; those that are appended meanwhile are among them.

        Raises StoreDamaged, naming the document and the sequence, for the first entry that is not what was appended.
        """

    def last_sequence(self) -> int:
        """The sequence of the newest entry, 0 when there is none."""


class EventLog(Protocol):
    """The events of the document, append-only until a compaction folds the oldest of them away."""

    def read(self, after: int = 0, limit: int = 500) -> list[Event]:
        """The next events beyond a sequence; raises LogCompacted, EventUndecodable and StoreDamaged."""

    def read_of(self, kind: str, stream_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        """The next events of one stream beyond a sequence; raises as `read` does."""

    def last_sequence(self) -> int:
        """The sequence of the newest event, 0 when there is none."""

    def compacted_through(self) -> int:
        """The last event that the latest compaction folded away, 0 without one."""

    def require_whole(self, after: int, stream: tuple[str, str] | None = None) -> None:
        """Raise LogCompacted where events beyond a sequence, of all or of one stream, are in the log no more."""

    def began_at_ms(self) -> int | None:
        """Since when the log tells of the document, or None."""

    def project_id(self) -> str | None:
        """The stream of the first event of kind `project`, or None before there is one."""


class Receipts(Protocol):
    """The answers to command ids, each given once."""

    def get(self, command_id: str) -> Receipt | None:
        """The receipt of a command id, or None; raises StoreDamaged when it is not what was stored."""


class Snapshots(Protocol):
    """Shortcuts past the update log; each is whole and current, or set aside with a logged warning."""

    def row_pieces(self) -> RowPieces | None:
        """The newest row snapshot, or None; the iterator raises StoreDamaged, and sets it aside, on damage."""

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """Replace the row snapshot, also one of the same place, in a transaction of its own, unless that is newer."""

    def state(self) -> tuple[int, bytes] | None:
        """The newest Y state: the sequence it covers and its update; a damaged one is set aside."""

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        """Replace the Y state, in a transaction of its own, unless the stored one covers more."""


class Registry(Protocol):
    """Which document this is, under which file, and how far its migrations went."""

    def registration(self) -> Registration:
        """What is said of the document and its file; raises StoreDamaged."""

    def markers(self) -> tuple[Marker, ...]:
        """All migrations, the one noted last at the end."""


class Leases(Protocol):
    """Which turns of the document are run, and by whom."""

    def all(self) -> tuple[Lease, ...]:
        """Every lease, the oldest first; one that cannot be read is passed over with a logged warning."""


class Cursors(Protocol):
    """How far each consumer of the event log has come."""

    def get(self, consumer: str) -> int | None:
        """The sequence that a consumer has reached, or None for one that never was."""


class Feed(Protocol):
    """Says that there may be more; never what."""

    def changed(self) -> bool:
        """Whether others may have committed since the last call, or since this store was opened; cheap.

        What is committed through this very object does not count, and what it read or wrote meanwhile hides nothing.
        Raises StoreGone when the store is not there any
        more, and DocumentFailed when the document was retired.
        """

    def wait(self, timeout_s: float) -> bool:
        """Wait until anybody may have committed, this object too; false after so many seconds, or once closed.

        Only what is committed after the call ends it, so look first, and wait for a moment. Any number of threads may
        wait at once, and hold up nobody.
        """


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

    def verify(self) -> list[Finding]:
        """Everything that is wrong with what is stored, as of one moment; reads all of it and writes nothing."""

    def close(self) -> None:
        """Let go of the store, whatever state it is in; later calls raise StoreError, a second close nothing."""


Standing = Literal["registered", "moved", "copied", "replaced", "new"]


class Found(NamedTuple):
    """What is known of a file; `place` is the store that serves it, None for one that has none yet.

    | standing | the file | `place` | `other` |
    | --- | --- | --- | --- |
    | `registered` | is the one its store was published to | its store | None |
    | `moved` | has the document of a store whose own file is gone, or is another document's | that store | None |
    | `copied` | has the document of a store whose own file is still there | None | that store |
    | `replaced` | names another document than the store of its path has | None | the store of its path |
    | `new` | was never seen | None | None |
    """

    standing: Standing
    place: Path | None
    other: Path | None = None


class Stores(Protocol):
    """Where the stores of the documents of one folder are; nothing in it is shared between documents, no lock either.

    A path is no identity: a store is found by what a file says it is, and by the path it was published to last.
    """

    @property
    def backups(self) -> Path:
        """The folder of the bytes that files had before they were migrated; it may not be there yet."""

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        """What is known of a file that says it is one of these documents, or says nothing. Writes nothing.

        Retired stores are never found.
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
