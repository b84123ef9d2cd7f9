"""A command id has one receipt in a store, whichever of its documents the command was for."""

from __future__ import annotations

import sqlite3

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.errors import CommandConflict, ReceiptExists, StoreDamaged
from chatdoc.store.ports import Receipt
from chatdoc.store.sqlite import digests
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.sqlite_errors import START_OVER

_PUT = "INSERT INTO orchestration_command_receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LAST_EVENT = "SELECT max(sequence) FROM orchestration_events"
_GET = (
    "SELECT command_id, aggregate_kind, aggregate_id, accepted_at, status, error, document, command_digest, result,"
    " update_sequence, digest FROM orchestration_command_receipts WHERE command_id = ?"
)


class Receipts:
    """The receipts of one document."""

    def __init__(self, database: Database, number: int, document_id: str) -> None:
        self._database, self._number, self._document_id = database, number, document_id
        self._salt = document_id.encode()

    def get(self, command_id: str) -> Receipt | None:
        """The receipt of a command id, or None; raises StoreDamaged and CommandConflict."""
        found = self._database.rows(_GET, (command_id,), "look up a receipt")
        if not found:
            return None
        name, kind, aggregate_id, accepted_at, status, error, document, command_digest, result, sequence, digest = (
            found[0]
        )  # fmt: skip
        if document != self._number:
            raise CommandConflict(
                f"command id {command_id!r} was used in another document of this folder, for {kind} {aggregate_id}",
                hint="Give every new command an id of its own; repeat an id only to repeat its command",
            )
        receipt = Receipt(
            command_id=name,
            command_digest=command_digest,
            status=status,
            result=result,
            error=error,
            aggregate_kind=kind,
            aggregate_id=aggregate_id,
        )
        if digests.of_receipt(self._salt, receipt, sequence, ms_of(accepted_at)) != digest:
            raise StoreDamaged(
                f"the receipt of command {command_id} in document {self._document_id} is not what was stored in "
                f"{self._database.file}",
                hint=START_OVER,
            )
        return receipt

    def put(
        self,
        connection: sqlite3.Connection,
        receipt: Receipt,
        sequence: int | None,
        recorded_at_ms: int,
        result_sequence: int | None = None,
    ) -> None:
        """Insert a receipt in the caller's transaction; raises ReceiptExists and sqlite3.Error.

        `sequence` is its update's, `result_sequence` that of its last event; without one, that of the newest of all.
        """
        seal = digests.of_receipt(self._salt, receipt, sequence, recorded_at_ms)
        if result_sequence is None:
            result_sequence = connection.execute(_LAST_EVENT).fetchone()[0] or 0
        try:
            connection.execute(
                _PUT,
                (
                    receipt.command_id, receipt.aggregate_kind, receipt.aggregate_id, iso(recorded_at_ms),
                    result_sequence, receipt.status, receipt.error, self._number, receipt.command_digest,
                    receipt.result, sequence, seal,
                ),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise ReceiptExists(
                f"command {receipt.command_id} of document {self._document_id} has a receipt already",
                hint="Return that one instead",
            ) from error
