"""Several processes on one log: each has a handle of its own, and hears that another wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from chatdoc.document import Document
from chatdoc.engine.load import load
from chatdoc.store.memory.update_log import MemoryLog
from chatdoc.store.ports import Entry, Receipt, RowPieces, Rows
from chatdoc.testing.clocks import ManualClock


class Handle:
    """One process's handle of a shared log; what is to happen `before_begin` happens once, before it has the lock."""

    def __init__(self, shared: MemoryLog) -> None:
        self.shared = shared
        self.before_begin: Callable[[], object] | None = None
        self._seen = shared.last_sequence()

    def begin(self) -> None:
        if self.before_begin is not None:
            act, self.before_begin = self.before_begin, None
            act()
        self.shared.begin()

    def commit(self) -> None:
        self.shared.commit()

    def is_begun(self) -> bool:
        return self.shared.is_begun()

    def rollback(self) -> None:
        self.shared.rollback()

    def append(
        self,
        update: bytes,
        origin: str,
        *,
        recorded_at_ms: int,
        receipt: Receipt | None = None,
        result_sequence: int | None = None,
    ) -> int:
        return self.shared.append(update, origin, recorded_at_ms=recorded_at_ms, receipt=receipt)

    def put_receipt(
        self, receipt: Receipt, *, recorded_at_ms: int, result_sequence: int | None = None
    ) -> None:
        self.shared.put_receipt(receipt, recorded_at_ms=recorded_at_ms)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        return self.shared.entries(after)

    def last_sequence(self) -> int:
        return self.shared.last_sequence()

    def changed(self) -> bool:
        seen, self._seen = self._seen, self.shared.last_sequence()
        return seen != self._seen

    def receipt(self, command_id: str) -> Receipt | None:
        return self.shared.receipt(command_id)

    def rows(self) -> Rows | None:
        return self.shared.rows()

    def row_pieces(self) -> RowPieces | None:
        return self.shared.row_pieces()

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        self.shared.put_rows(rows, recorded_at_ms=recorded_at_ms)

    def state(self) -> tuple[int, bytes] | None:
        return self.shared.state()

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        self.shared.put_state(sequence, update, recorded_at_ms=recorded_at_ms)

    def close(self) -> None:
        """A handle lets go of nothing that others use."""


def process(shared: MemoryLog, seed: int) -> tuple[Document, Handle]:
    """A document opened from a shared log, as another process would."""
    handle = Handle(shared)
    corridor, _ = load(handle, clock=ManualClock(), random=Random(seed).randbytes)
    return Document(corridor), handle
