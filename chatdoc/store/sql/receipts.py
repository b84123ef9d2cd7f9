"""Idempotency receipts: a command id has one, which is read back as it was stored or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.errors import StoreDamaged
from chatdoc.store.ports import Receipt
from chatdoc.store.sql import digests
from chatdoc.store.sql.database import Database, Question

INSERT_NEW = "INSERT INTO orchestration_command_receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
"""For an id that has none, as was looked up under the lock."""
INSERT = f"{INSERT_NEW} ON CONFLICT (command_id) DO NOTHING"
_ASKED_MAX = 16
"""So many ids are looked up at a time."""
_COLUMNS = (
    "command_id, aggregate_kind, aggregate_id, accepted_at, status, error, command_digest, result, update_sequence,"
    " result_sequence, digest"
)
_GET = f"SELECT {_COLUMNS} FROM orchestration_command_receipts WHERE command_id = ?"
_AFTER = f"SELECT {_COLUMNS} FROM orchestration_command_receipts WHERE command_id > ? ORDER BY command_id LIMIT 500"


def row_of(
    document: bytes,
    receipt: Receipt,
    recorded_at_ms: int,
    update_sequence: int | None,
    result_sequence: int,
) -> tuple[Any, ...]:
    """The row of a receipt, as INSERT wants it."""
    digest = digests.of_receipt(document, receipt, update_sequence, result_sequence, recorded_at_ms)
    return (
        receipt.command_id, receipt.aggregate_kind, receipt.aggregate_id, iso(recorded_at_ms), result_sequence,
        receipt.status, receipt.error, receipt.command_digest, receipt.result, update_sequence, digest,
    )  # fmt: skip


class SqlReceipts:
    """The receipts of the document; see the port."""

    def __init__(self, database: Database, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self._salt = document_id.encode("utf-8", "surrogatepass")
        self._expected: Sequence[str] = ()
        self._ahead: dict[str, list[Any]] = {}
        """What stands under ids that the open transaction has not looked up yet."""

    def expect(self, command_ids: Sequence[str]) -> None:
        """See `ExpectingReceipts`."""
        self._expected = command_ids

    def ahead(self) -> list[Question]:
        """What the next transaction will ask."""
        return _questions(self._expected) if self._expected else []

    def begin(self) -> None:
        """Look up what was expected, in the transaction that has begun; a single one is asked for by its command."""
        expected, self._expected = self._expected, ()
        if len(expected) < 2:
            return
        self._ahead = {one: [] for one in expected}
        for question in _questions(expected):
            for row in self._database.rows(*question, "look up receipts"):
                self._ahead[row[0]] = [row]

    def forget(self, command_id: str) -> None:
        """Forget what was looked up ahead: a receipt is being written."""
        self._ahead.pop(command_id, None)

    def end(self) -> None:
        """Forget all that was looked up ahead."""
        self._ahead = {}

    def get(self, command_id: str) -> Receipt | None:
        """See the port."""
        ahead = self._ahead.pop(command_id, None) if self._ahead and self._database.is_inside() else None
        found = self._rows(command_id) if ahead is None else ahead
        if not found:
            if self._database.is_inside():
                self._database.without_receipt.add(command_id)
            return None
        receipt = self.read(found[0])
        if receipt is None:
            raise StoreDamaged(
                f"the receipt of command {command_id} in document {self._document_id} is not what was stored in "
                f"{self._database.name}",
                hint=self._database.start_over,
            )
        return receipt

    def _rows(self, command_id: str) -> list[Any]:
        return self._database.rows(_GET, (command_id,), "look up a receipt")

    def page(self, after: str) -> list[tuple[Any, ...]]:
        """The next rows of receipts by their command ids, for `read`."""
        return self._database.rows(_AFTER, (after,), "read its receipts")

    def read(self, row: tuple[Any, ...]) -> Receipt | None:
        """A row as the receipt it is, or None where it is not what was stored."""
        (
            command_id,
            kind,
            aggregate_id,
            accepted_at,
            status,
            error,
            command_digest,
            result,
            *places,
            digest,
        ) = row
        said = {
            "command_id": command_id,
            "command_digest": command_digest,
            "status": status,
            "result": result,
            "error": error,
            "aggregate_kind": kind,
            "aggregate_id": aggregate_id,
        }
        try:
            receipt = msgspec.convert(said, Receipt, builtin_types=(bytes,))
            true = digests.of_receipt(self._salt, receipt, places[0], places[1], ms_of(accepted_at))
        except (msgspec.MsgspecError, TypeError, ValueError):
            return None
        return receipt if true == digest else None


def _questions(command_ids: Sequence[str]) -> list[Question]:
    """What stands under some ids, many at a time.

    Each has a SELECT of its own: for one with `IN`, PostgreSQL reads all receipts of a document while it thinks that
    there are few. One is repeated up to a power of two, so that few statements of different lengths are prepared.
    """
    questions: list[Question] = []
    for begin in range(0, len(command_ids), _ASKED_MAX):
        some = command_ids[begin : begin + _ASKED_MAX]
        count = 1 << (len(some) - 1).bit_length()
        questions.append((" UNION ALL ".join([_GET] * count), (*some, *[some[0]] * (count - len(some)))))
    return questions
