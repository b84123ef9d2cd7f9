"""Parts of a store in memory: what a process keeps of one document, read under one lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from chatdoc.model.errors import ReceiptExists, StoreError
from chatdoc.store.commit_bell import CommitBell
from chatdoc.store.ports import Entry, Lease, Marker, Receipt, Registration, RowPieces, Rows


class Kept:
    """All that a store in memory keeps, and its lock."""

    def __init__(self, registration: Registration) -> None:
        self.lock = threading.RLock()
        self.closed = False
        self.registration = registration
        self.entries: list[Entry] = []
        self.receipts: dict[str, Receipt] = {}
        self.markers: dict[tuple[str, str], Marker] = {}
        self.leases: dict[str, Lease] = {}
        self.cursors: dict[str, int] = {}
        self.rows: Rows | None = None

    def require_open(self) -> None:
        """Raise StoreError once the store is closed."""
        if self.closed:
            raise StoreError("this store is closed", hint="Open the document again")


class MemoryUpdateLog:
    """The updates; see the port."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """See the port."""
        place = after
        while True:
            with self._kept.lock:
                self._kept.require_open()
                if place >= len(self._kept.entries):
                    return
                entry = self._kept.entries[place]
            yield entry
            place += 1

    def sealed_through(self) -> int:
        """See the port; nothing is sealed."""
        self._kept.require_open()
        return 0

    def last_sequence(self) -> int:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return len(self._kept.entries)


class MemoryReceipts:
    """The answers to command ids; see the port."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def get(self, command_id: str) -> Receipt | None:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return self._kept.receipts.get(command_id)

    def put(self, receipt: Receipt) -> None:
        """Keep an answer; raises ReceiptExists."""
        if receipt.command_id in self._kept.receipts:
            raise ReceiptExists(
                f"command {receipt.command_id} has a receipt already", hint="Return that one instead"
            )
        self._kept.receipts[receipt.command_id] = receipt


class MemorySnapshots:
    """Shortcuts past the update log; see the port."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def row_pieces(self) -> RowPieces | None:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            rows = self._kept.rows
        if rows is None:
            return None
        return RowPieces(rows.sequence, rows.known, rows.others, iter((rows.headers,)))

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            before = self._kept.rows
            if before is None or before.sequence <= rows.sequence:
                self._kept.rows = rows


class MemoryRegistry:
    """Which document this is, and how far its migrations went; see the port."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def registration(self) -> Registration:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return self._kept.registration

    def markers(self) -> tuple[Marker, ...]:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return tuple(self._kept.markers.values())


class MemoryLeases:
    """Which turns are run, and by whom; see the port. They end with the process."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def all(self) -> tuple[Lease, ...]:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return tuple(
                sorted(self._kept.leases.values(), key=lambda one: (one.taken_at_ms, one.message_id))
            )


class MemoryFeed:
    """Says that there may be more; see the port. Nobody else can write to a store in memory."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.bell = CommitBell()
        self._of_thread = threading.local()

    def changed(self) -> bool:
        """See the port."""
        self._kept.require_open()
        return False

    def wait(self, timeout_s: float) -> bool:
        """See the port."""
        seen: int = getattr(self._of_thread, "seen", 0)
        if self.bell.commits == seen and not self._kept.closed:
            self.bell.wait(seen, timeout_s)
        if self._kept.closed:
            return False
        now = self._of_thread.seen = self.bell.commits
        return now != seen


class MemoryCursors:
    """How far consumers have come; see the port."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def get(self, consumer: str) -> int | None:
        """See the port."""
        with self._kept.lock:
            self._kept.require_open()
            return self._kept.cursors.get(consumer)
