"""What was appended to a document's log comes back in order and unchanged, whoever else appended meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

from chatdoc.model.errors import ChatdocError, DocumentFailed, ReceiptExists, StoreDamaged, StoreError
from chatdoc.store.ports import Entry, Receipt, RowPieces, Rows
from chatdoc.store.sqlite import digests
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.receipts import Receipts
from chatdoc.store.sqlite.snapshots import Snapshots
from chatdoc.store.sqlite.sqlite_errors import FAULTS, START_OVER

SEQUENCE_BITS = 40
PAGE_ENTRIES = 256
"""How many entries are read at a time; between two reads others may write."""

_INSERT = "INSERT INTO updates VALUES (?, ?, ?, ?, ?)"
_LAST = "SELECT max(position) FROM updates WHERE position BETWEEN ? AND ?"
_AFTER = (
    "SELECT position, origin, recorded_at_ms, digest, bytes FROM updates"
    " WHERE position BETWEEN ? AND ? ORDER BY position LIMIT ?"
)
_UPDATES = "SELECT bytes FROM updates WHERE position BETWEEN ? AND ? ORDER BY position"
_FLOOR = "SELECT floor FROM documents WHERE number = ?"
_RETIRED = "SELECT 1 FROM documents WHERE number = ? AND retired_at_ms IS NOT NULL"
_RAISE_FLOOR = "UPDATE documents SET floor = max(floor, ?) WHERE number = ?"
_DATA_VERSION = "PRAGMA data_version"


class SqliteLog:
    """The log of one document in a store; others may append to it at any time.

    A position is the document's number above SEQUENCE_BITS and the sequence below, so that one tree serves as table
    and as index. The next sequence is guessed from the last one seen: where another process was faster, the insert
    finds its place taken and tries again beyond it.
    """

    def __init__(
        self,
        database: Database,
        number: int,
        document_id: str,
        *,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        if type(number) is not int or type(document_id) is not str:
            raise StoreDamaged(f"the store {database.file} has a damaged row of documents", hint=START_OVER)
        self._database = database
        self._document_id = document_id
        self._salt = document_id.encode()
        self._number = number
        self._base = number << SEQUENCE_BITS
        self._end = self._base + (1 << SEQUENCE_BITS) - 1
        self._snapshots = Snapshots(database, number, document_id)
        self._receipts = Receipts(database, number, document_id)
        self._on_close = on_close
        self._closed = False
        self._version = self._data_version()
        self._last = self.last_sequence()
        self._floor = self._read_floor()
        if self._last < self._floor:
            raise self._damaged(self._last + 1, f"is missing; the log had reached {self._floor}")

    @property
    def number(self) -> int:
        """The document's local number in its store."""
        return self._number

    def begin(self) -> None:
        """See the port."""
        self._require_open()
        self._database.begin("begin a change")

    def commit(self) -> None:
        """See the port."""
        self._database.commit("store a change")

    def is_begun(self) -> bool:
        """See the port."""
        return self._database.is_begun()

    def rollback(self) -> None:
        """See the port."""
        self._database.rollback()
        with contextlib.suppress(ChatdocError):
            self._last = self.last_sequence()

    def append(
        self,
        update: bytes,
        origin: str,
        *,
        recorded_at_ms: int,
        receipt: Receipt | None = None,
        result_sequence: int | None = None,
    ) -> int:
        """See the port."""
        database = self._database
        with database.lock:
            self._require_open()
            connection = database.connection
            if not connection.in_transaction:
                with database.writing("append an update"):
                    return self.append(
                        update,
                        origin,
                        recorded_at_ms=recorded_at_ms,
                        receipt=receipt,
                        result_sequence=result_sequence,
                    )
            try:
                self._last = self.append_within(connection, update, origin, recorded_at_ms)
                if receipt is not None:
                    self._receipts.put(connection, receipt, self._last, recorded_at_ms, result_sequence)
            except FAULTS as error:
                raise database.failed(error, "append an update") from error
            except ReceiptExists:
                self._last -= 1
                raise
            return self._last

    def append_within(
        self, connection: sqlite3.Connection, update: bytes, origin: str, recorded_at_ms: int
    ) -> int:
        """Insert an entry in the caller's transaction; returns its sequence, raises sqlite3.Error."""
        sequence = self._last + 1
        while True:
            seal = digests.of_update(self._salt, sequence, origin, recorded_at_ms, update)
            try:
                connection.execute(_INSERT, (self._base + sequence, origin, recorded_at_ms, seal, update))
            except sqlite3.IntegrityError:
                taken = sequence
                sequence = self._last_in(connection) + 1
                if sequence <= taken:  # The place was not taken, so something else is wrong with the row.
                    raise
                continue
            return sequence

    def put_receipt(
        self, receipt: Receipt, *, recorded_at_ms: int, result_sequence: int | None = None
    ) -> None:
        """See the port."""
        database = self._database
        with database.lock:
            self._require_open()
            if not database.connection.in_transaction:
                with database.writing("store a receipt") as connection:
                    self._receipts.put(connection, receipt, None, recorded_at_ms, result_sequence)
                return
            try:
                self._receipts.put(database.connection, receipt, None, recorded_at_ms, result_sequence)
            except FAULTS as error:
                raise database.failed(error, "store a receipt") from error

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """See the port."""
        expected = after + 1
        while True:
            self._require_open()
            reached = self._last
            found = self._database.rows(
                _AFTER, (self._base + expected, self._end, PAGE_ENTRIES), "read its updates"
            )
            for position, origin, recorded_at_ms, digest, update in found:
                sequence = position - self._base
                if sequence != expected:
                    raise self._damaged(expected, f"is missing; the next one is {sequence}")
                if not digests.holds(digest, self._salt, sequence, origin, recorded_at_ms, update):
                    raise self._damaged(sequence, "is not what was appended: its digest differs")
                expected += 1
                yield Entry(sequence, update, origin)
            if len(found) < PAGE_ENTRIES:
                break
        self._last = max(self._last, expected - 1)
        if expected <= reached:
            raise self._damaged(expected, f"is missing; the log had reached {reached}")

    def updates_in(self, connection: sqlite3.Connection, after: int) -> list[bytes]:
        """The updates beyond a sequence that another connection's transaction sees; raises sqlite3.Error."""
        found = connection.execute(_UPDATES, (self._base + after + 1, self._end))
        return [update for (update,) in found]

    def last_sequence(self) -> int:
        """See the port."""
        self._require_open()
        found = self._database.rows(_LAST, (self._base, self._end), "find its last update")[0][0]
        return 0 if found is None else found - self._base

    def changed(self) -> bool:
        """See the port."""
        self._require_open()
        version = self._data_version()
        if version == self._version:
            return False
        self._version = version
        if self._database.rows(_RETIRED, (self._number,), "look up a document"):
            raise DocumentFailed(
                f"document {self._document_id} was rolled back or replaced by another process, so nothing is written "
                "to it any more",
                hint="Open the file again",
            )
        return True

    def receipt(self, command_id: str) -> Receipt | None:
        """See the port."""
        self._require_open()
        return self._receipts.get(command_id)

    def rows(self) -> Rows | None:
        """See the port."""
        self._require_open()
        return self._snapshots.rows()

    def row_pieces(self) -> RowPieces | None:
        """See the port."""
        self._require_open()
        return self._snapshots.row_pieces()

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._require_open()
        self._snapshots.put_rows(rows, recorded_at_ms)
        self._raise_floor()

    def state(self) -> tuple[int, bytes] | None:
        """See the port."""
        self._require_open()
        return self._snapshots.state()

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._require_open()
        self._snapshots.put_state(sequence, update, recorded_at_ms)
        self._raise_floor()

    def close(self) -> None:
        """See the port."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(ChatdocError):
                self._raise_floor()
            if self._on_close is not None:
                self._on_close()

    def _read_floor(self) -> int:
        found = self._database.rows(_FLOOR, (self._number,), "look up a document")
        return found[0][0] if found and type(found[0][0]) is int else 0

    def _raise_floor(self) -> None:
        """Note how far the log has come.

        A damaged page of SQLite's tree can hide the newest entries without any digest being wrong; appending does
        not pay for it, so entries since the last note are found or lost with the page they lie in.
        """
        if self._last > self._floor and not self._database.readonly:
            with self._database.writing("note how far a log has come") as connection:
                connection.execute(_RAISE_FLOOR, (self._last, self._number))
            self._floor = self._last

    def _last_in(self, connection: sqlite3.Connection) -> int:
        found: int | None = connection.execute(_LAST, (self._base, self._end)).fetchone()[0]
        return 0 if found is None else found - self._base

    def _data_version(self) -> int:
        database = self._database
        with database.lock:
            try:
                version: int = database.connection.execute(_DATA_VERSION).fetchone()[0]
            except FAULTS as error:
                raise database.failed(error, "be asked for changes") from error
        return version

    def _damaged(self, sequence: int, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"entry {sequence} of document {self._document_id} in {self._database.file} {what}",
            hint=START_OVER,
        )

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError("this log is closed", hint="Open the document again")
