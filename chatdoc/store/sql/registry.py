"""Which document a store belongs to, under which file, and how far its migrations went, as values."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.ports import Marker, Registration
from chatdoc.store.sql.database import Database

_REGISTRATION = (
    "path, document_id, created_at_ms, text_digest, text_stat, text_sequence, retired_at_ms, released"
)
_MARKER = "source_digest, steps_digest, phase, backup, report, text_digest"
_GET = f"SELECT {_REGISTRATION} FROM document"
_MARKERS = f"SELECT {_MARKER} FROM markers ORDER BY number"
BEGIN = f"INSERT INTO document ({_REGISTRATION}, one) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)"
PUT = (
    "UPDATE document SET path = ?, text_digest = ?, text_stat = ?, text_sequence = ?, retired_at_ms = ?,"
    " released = ?"
)
PUT_MARKER = f"INSERT OR REPLACE INTO markers ({_MARKER}, recorded_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"
_Value = TypeVar("_Value", bound=msgspec.Struct)


class SqlRegistry:
    """The registration and the markers of the document; see the port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def registration(self) -> Registration:
        """See the port."""
        found = self._database.rows(_GET, (), "look up its document")
        if len(found) != 1:
            raise StoreDamaged(
                f"the store {self._database.name} names no document", hint=self._database.start_over
            )
        return self._value(Registration, _REGISTRATION, found[0])

    def markers(self) -> tuple[Marker, ...]:
        """See the port."""
        rows = self._database.rows(_MARKERS, (), "look up migrations")
        return tuple(self._value(Marker, _MARKER, row) for row in rows)

    def _value(self, kind: type[_Value], columns: str, row: tuple[Any, ...]) -> _Value:
        fields = dict(zip(columns.split(", "), row, strict=True))
        try:
            for name in ("path", "backup"):
                if name in fields:
                    fields[name] = os.fsdecode(fields[name])
            if "released" in fields:
                fields["released"] = fields["released"] != 0
            return msgspec.convert(fields, kind, builtin_types=(bytes,))
        except (msgspec.ValidationError, TypeError) as error:
            raise StoreDamaged(
                f"a {kind.__name__.lower()} in the store {self._database.name} is not what was stored "
                f"({type(error).__name__})",
                hint=self._database.start_over,
            ) from error


def registration_values(registration: Registration) -> tuple[Any, ...]:
    """The row of a registration, as BEGIN wants it."""
    path = os.fsencode(registration.path)  # SQLite's text would refuse names that are no UTF-8.
    return (
        path, registration.document_id, registration.created_at_ms, registration.text_digest,
        registration.text_stat, registration.text_sequence, registration.retired_at_ms, int(registration.released),
    )  # fmt: skip


def marker_values(marker: Marker, recorded_at_ms: int) -> tuple[Any, ...]:
    """The row of a marker, as PUT_MARKER wants it."""
    return (
        marker.source_digest, marker.steps_digest, marker.phase, os.fsencode(marker.backup), marker.report,
        marker.text_digest, recorded_at_ms,
    )  # fmt: skip
