"""Ports of the parts of a store: what is read of one document, each part by itself; writing is a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from chatdoc.model.events.event import Event
from chatdoc.store.process_identity import Process, Standing
from chatdoc.store.values import Entry, Lease, Marker, Receipt, Registration, RowPieces, Rows


class UpdateLog(Protocol):
    """The updates of the document, append-only."""

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries beyond a sequence, ascending and without gaps; those that are appended meanwhile are among them.

        Raises StoreDamaged, naming the document and the sequence, for the first entry that is not what was appended.
        """

    def last_sequence(self) -> int:
        """The sequence of the newest entry, 0 when there is none."""

    def sealed_through(self) -> int:
        """The sequence of the last entry that lies in a sealed run, 0 where none does."""


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


@runtime_checkable
class ExpectingReceipts(Protocol):
    """Receipts that a store behind a network can look up together with the lock of a transaction."""

    def expect(self, command_ids: Sequence[str]) -> None:
        """Hear which command ids the next transaction of this thread will look up."""


class Snapshots(Protocol):
    """A shortcut past the update log; it is whole and current, or set aside with a logged warning."""

    def row_pieces(self) -> RowPieces | None:
        """The newest row snapshot, or None; the iterator raises StoreDamaged, and sets it aside, on damage."""

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """Replace the row snapshot, also one of the same place, in a transaction of its own, unless that is newer."""


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


@runtime_checkable
class Fencing(Protocol):
    """A store that many machines use: it can shut out a process that is not heard of any more."""

    def standing(self, process: Process) -> Standing:
        """Whether a process is heard of; `dead` only once nothing more that it writes can be stored."""


@runtime_checkable
class TalkingFeed(Protocol):
    """A feed through which servers tell each other what is never stored, and may be lost."""

    def say(self, message: bytes) -> None:
        """Say something to the other servers that have the document open; what is too long is not said."""

    def listen_to(self, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with what others say, from a thread that it must not hold up."""


@runtime_checkable
class SharedFeed(TalkingFeed, Protocol):
    """A feed that knows which servers live, and how much others write: who shares a document can agree by that."""

    def server(self) -> str:
        """The name of this server among all of the database."""

    def live_servers(self) -> frozenset[str]:
        """The servers that were heard of a moment ago; empty where that is not known."""

    def commits_of_others(self) -> int:
        """How many transactions others have written, as far as is known here without asking."""


@runtime_checkable
class CallingFeed(Protocol):
    """A feed that calls by itself when another server has written, so that nobody needs to look."""

    def call(self, wake: Callable[[], None]) -> None:
        """Call `wake` then, from a thread that it must not hold up."""


class Wal(Protocol):
    """Commits that need not wait for the disk one by one: all of them wait together, beside those that come next."""

    def start(self) -> None:
        """Let no commit wait from now on; what stands is made durable first."""

    def look_at_others(self) -> None:
        """Note what others have committed by now, which an answer may rest on; not in the thread of an event loop."""

    def is_durable(self) -> bool:
        """Whether the disk has all that was committed through this store, or was looked at; cheap."""

    def make_durable(self) -> None:
        """Wait until the disk has all that is committed now, by whomever; from any thread, and nobody else waits."""

    def is_long(self) -> bool:
        """Whether `write_back` is due; cheap."""

    def write_back(self) -> None:
        """Make it short again, as far as nobody reads it; nobody else waits."""


@runtime_checkable
class WithWal(Protocol):
    """A store whose commits may be made durable afterwards."""

    @property
    def wal(self) -> Wal:
        """What makes them so."""


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
