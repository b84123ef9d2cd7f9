"""An update log that keeps every promise of the port but durability."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from chatdoc.model.errors import ReceiptExists, StoreError
from chatdoc.store.ports import Entry, Receipt, RowPieces, Rows


class MemoryLog:
    """The log of a document that has no file; nobody else can write to it."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._receipts: dict[str, Receipt] = {}
        self._rows: Rows | None = None
        self._state: tuple[int, bytes] | None = None
        self._closed = False
        self._begun: tuple[int, int] | None = None

    def begin(self) -> None:
        """See the port."""
        self._require_open()
        self._begun = (len(self._entries), len(self._receipts))

    def commit(self) -> None:
        """See the port."""
        self._begun = None

    def is_begun(self) -> bool:
        """See the port."""
        return self._begun is not None

    def rollback(self) -> None:
        """See the port."""
        if self._begun is None:
            return
        length, receipts = self._begun
        self._begun = None
        del self._entries[length:]
        self._receipts = dict(islice(self._receipts.items(), receipts))

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
        self._require_open()
        if receipt is not None:
            self.put_receipt(receipt, recorded_at_ms=recorded_at_ms)
        self._entries.append(Entry(len(self._entries) + 1, bytes(update), origin))
        return len(self._entries)

    def put_receipt(
        self, receipt: Receipt, *, recorded_at_ms: int, result_sequence: int | None = None
    ) -> None:
        """See the port."""
        self._require_open()
        if receipt.command_id in self._receipts:
            raise ReceiptExists(
                f"command {receipt.command_id} has a receipt already", hint="Return that one instead"
            )
        self._receipts[receipt.command_id] = receipt

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """See the port."""
        self._require_open()
        position = after
        while position < len(self._entries):
            yield self._entries[position]
            position += 1

    def last_sequence(self) -> int:
        """See the port."""
        self._require_open()
        return len(self._entries)

    def changed(self) -> bool:
        """See the port."""
        self._require_open()
        return False

    def receipt(self, command_id: str) -> Receipt | None:
        """See the port."""
        self._require_open()
        return self._receipts.get(command_id)

    def rows(self) -> Rows | None:
        """See the port."""
        self._require_open()
        return self._rows

    def row_pieces(self) -> RowPieces | None:
        """See the port."""
        rows = self.rows()
        if rows is None:
            return None
        return RowPieces(rows.sequence, rows.known, rows.others, iter((rows.headers,)))

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._require_open()
        if self._rows is None or self._rows.sequence <= rows.sequence:
            self._rows = rows

    def state(self) -> tuple[int, bytes] | None:
        """See the port."""
        self._require_open()
        return self._state

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._require_open()
        if self._state is None or self._state[0] <= sequence:
            self._state = (sequence, update)

    def close(self) -> None:
        """See the port."""
        self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise StoreError("this log is closed", hint="Open the document again")
