"""Leases of turns: a running turn has one owner, written down before it starts and until it has ended."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from chatdoc.store.ports import Lease
from chatdoc.store.process_identity import Process
from chatdoc.store.sql.database import Database

_log = logging.getLogger("chatdoc")

_COLUMNS = "message_id, thread_id, owner, process, taken_at_ms, heartbeat_at_ms"
TAKE = (
    f"INSERT INTO turn_leases ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (message_id) DO UPDATE SET thread_id = excluded.thread_id, owner = excluded.owner,"
    " process = excluded.process, taken_at_ms = excluded.taken_at_ms, heartbeat_at_ms = excluded.heartbeat_at_ms"
    " WHERE turn_leases.owner IN (excluded.owner, ?)"
)
RENEW = "UPDATE turn_leases SET heartbeat_at_ms = ? WHERE owner = ? AND heartbeat_at_ms < ?"
RELEASE = "DELETE FROM turn_leases WHERE message_id = ? AND owner = ?"
_ALL = f"SELECT {_COLUMNS} FROM turn_leases ORDER BY taken_at_ms, message_id"


class SqlLeases:
    """The leases of the document; see the port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Lease, ...]:
        """See the port."""
        rows = self._database.rows(_ALL, (), "list its running turns")
        return tuple(lease for lease in map(_lease_of, rows) if lease is not None)


def lease_values(lease: Lease) -> tuple[Any, ...]:
    """The row of a lease."""
    process = msgspec.json.encode(lease.process).decode()
    return (
        lease.message_id, lease.thread_id, lease.owner, process, lease.taken_at_ms, lease.heartbeat_at_ms,
    )  # fmt: skip


def _lease_of(row: tuple[Any, ...]) -> Lease | None:
    fields = dict(zip(_COLUMNS.split(", "), row, strict=True))
    try:
        fields["process"] = msgspec.json.decode(fields["process"], type=Process)
        return msgspec.convert(fields, Lease)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        _log.warning(
            "a lease of turn %s in the store is damaged and passed over (%s)", row[0], type(error).__name__
        )
        return None
