"""A running turn has one owner, written down before it starts and until it has ended, so that a dead one is found."""

from __future__ import annotations

import logging
import threading
from typing import Any, Protocol

import msgspec

from chatdoc.store.process_identity import Process
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.sqlite_errors import FAULTS

_log = logging.getLogger("chatdoc")

_COLUMNS = "message_id, thread_id, owner, process, taken_at_ms, heartbeat_at_ms"
_TAKE = (
    f"INSERT INTO turn_leases (document, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET owner = excluded.owner, process = excluded.process,"
    " taken_at_ms = excluded.taken_at_ms, heartbeat_at_ms = excluded.heartbeat_at_ms"
    " WHERE owner IN (excluded.owner, ?)"
)
_RENEW = "UPDATE turn_leases SET heartbeat_at_ms = ? WHERE document = ? AND owner = ? AND heartbeat_at_ms < ?"
_RELEASE = "DELETE FROM turn_leases WHERE document = ? AND message_id = ? AND owner = ?"
_ALL = f"SELECT {_COLUMNS} FROM turn_leases WHERE document = ? ORDER BY taken_at_ms, message_id"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs a turn: `owner` is an id of one opening of the document, `process` the process it was opened in."""

    message_id: str
    thread_id: str
    owner: str
    process: Process
    taken_at_ms: int
    heartbeat_at_ms: int


class Leases(Protocol):
    """The port to the leases of one document; usable from any thread. Each method raises StoreError."""

    def take(self, lease: Lease, *, instead_of: str = "") -> bool:
        """Write a lease down; false, and nothing written, while another owner than `instead_of` has the turn."""

    def renew(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """Note that an owner lives, for all its turns in one write; the clock never turns a heartbeat back."""

    def release(self, message_id: str, owner: str) -> None:
        """Forget a turn's lease if this owner still has it."""

    def all(self) -> tuple[Lease, ...]:
        """Every lease of the document, the oldest first."""


class SqliteLeases:
    """The leases of one document of a store; a change is part of the transaction that is open, if one is."""

    def __init__(self, database: Database, number: int) -> None:
        self._database, self._number = database, number

    def take(self, lease: Lease, *, instead_of: str = "") -> bool:
        """See the port."""
        process = msgspec.json.encode(lease.process).decode()
        values = (
            self._number, lease.message_id, lease.thread_id, lease.owner, process, lease.taken_at_ms,
            lease.heartbeat_at_ms, instead_of,
        )  # fmt: skip
        return self._change(_TAKE, values, "take a turn") == 1

    def renew(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """See the port."""
        self._change(_RENEW, (heartbeat_at_ms, self._number, owner, heartbeat_at_ms), "renew its turns")

    def release(self, message_id: str, owner: str) -> None:
        """See the port."""
        self._change(_RELEASE, (self._number, message_id, owner), "release a turn")

    def all(self) -> tuple[Lease, ...]:
        """See the port; a row that is no lease is passed over with a logged warning, for the document has the turn."""
        rows = self._database.rows(_ALL, (self._number,), "list its running turns")
        return tuple(lease for lease in map(_lease_of, rows) if lease is not None)

    def _change(self, statement: str, values: tuple[Any, ...], doing: str) -> int:
        """Run a statement, in the transaction that this thread has open or in one of its own; returns its rows."""
        database = self._database
        with database.lock:
            try:
                if database.connection.in_transaction:
                    return database.connection.execute(statement, values).rowcount
            except FAULTS as error:
                raise database.failed(error, doing) from error
            with database.writing(doing) as connection:
                return connection.execute(statement, values).rowcount


class MemoryLeases:
    """The leases of a document that has no file; they end with the process."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def take(self, lease: Lease, *, instead_of: str = "") -> bool:
        """See the port."""
        with self._lock:
            there = self._leases.get(lease.message_id)
            if there is not None and there.owner not in (lease.owner, instead_of):
                return False
            self._leases[lease.message_id] = lease
            return True

    def renew(self, owner: str, *, heartbeat_at_ms: int) -> None:
        """See the port."""
        with self._lock:
            for message_id, lease in self._leases.items():
                if lease.owner == owner and lease.heartbeat_at_ms < heartbeat_at_ms:
                    renewed = msgspec.structs.replace(lease, heartbeat_at_ms=heartbeat_at_ms)
                    self._leases[message_id] = renewed

    def release(self, message_id: str, owner: str) -> None:
        """See the port."""
        with self._lock:
            there = self._leases.get(message_id)
            if there is not None and there.owner == owner:
                del self._leases[message_id]

    def all(self) -> tuple[Lease, ...]:
        """See the port."""
        with self._lock:
            return tuple(sorted(self._leases.values(), key=lambda one: (one.taken_at_ms, one.message_id)))


def _lease_of(row: tuple[Any, ...]) -> Lease | None:
    fields = dict(zip(_COLUMNS.split(", "), row, strict=True))
    try:
        fields["process"] = msgspec.json.decode(fields["process"], type=Process)
        return msgspec.convert(fields, Lease)
    except (msgspec.MsgspecError, TypeError) as error:
        _log.warning("a lease of turn %s in the store is damaged and passed over: %s", row[0], error)
        return None
