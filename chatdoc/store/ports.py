"""The update log of one document: what was appended comes back in order, byte for byte, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

import msgspec


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


class UpdateLog(Protocol):
    """The port between a document and the disk; usable from any thread, one call at a time.

    Each method raises StoreError when the store fails; a write that raised was not acknowledged and may or may not
    be found at the next opening.
    """

    def begin(self) -> None:
        """Begin a transaction, alone among all who write to the store; raises StoreError, and then none was begun."""

    def commit(self) -> None:
        """Store all that was written since `begin`, or nothing; raises StoreError for the latter."""

    def is_begun(self) -> bool:
        """Whether a transaction is open; a store that has no room left may end it with nothing written."""

    def rollback(self) -> None:
        """Store nothing of what was written since `begin`."""

    def append(
        self,
        update: bytes,
        origin: str,
        *,
        recorded_at_ms: int,
        receipt: Receipt | None = None,
        result_sequence: int | None = None,
    ) -> int:
        """Write an update and the receipt of its command; returns the sequence.

        In the open transaction, or in one of its own where none was begun. `result_sequence` is that of the
        command's last event. Raises ReceiptExists when the command id has a receipt already; then the transaction
        must be rolled back.
        """

    def put_receipt(
        self, receipt: Receipt, *, recorded_at_ms: int, result_sequence: int | None = None
    ) -> None:
        """Write the receipt of a command that wrote no update; raises ReceiptExists when there is one already."""

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries beyond a sequence, ascending and without gaps.

        Raises StoreDamaged, naming the document and the sequence, for the first entry that is not what was appended.
        """

    def last_sequence(self) -> int:
        """The sequence of the newest entry, 0 when there is none."""

    def changed(self) -> bool:
        """Whether another connection may have written since the last call, or since this log was made; cheap.

        Raises DocumentFailed when the document was retired, by a rollback say.
        """

    def receipt(self, command_id: str) -> Receipt | None:
        """The receipt of a command id, or None; raises StoreDamaged when it is not what was stored.

        Raises CommandConflict when the id belongs to a command of another document of the same store.
        """

    def rows(self) -> Rows | None:
        """The newest row snapshot, or None; a damaged one is set aside with a logged warning, for the log has all."""

    def row_pieces(self) -> RowPieces | None:
        """Like `rows`, but piece by piece; the iterator raises StoreDamaged, and sets the snapshot aside, on damage."""

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """Replace the row snapshot, unless the stored one is newer; pieces that stayed the same are not rewritten."""

    def state(self) -> tuple[int, bytes] | None:
        """The newest Y state: the sequence it covers and its update; a damaged one is set aside as `rows` does."""

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        """Replace the Y state, unless the stored one covers more."""

    def close(self) -> None:
        """Let go of the log; later calls raise StoreError."""
