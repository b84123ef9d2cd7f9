"""Which documents a store has and how far each migration went, as values."""

from __future__ import annotations

import os
from typing import Any, Literal, TypeVar

import msgspec

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.sqlite.sqlite_errors import START_OVER

Value = TypeVar("Value", bound=msgspec.Struct)
Phase = Literal["backed_up", "committed", "published", "rolled_back"]
Standing = Literal["registered", "replaced", "moved", "copied", "new"]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A document that a store has; `path` is relative to the store's folder, with forward slashes.

    `text_digest` is the digest of the text last published under that path, None before the first one; `text_stat` is
    how the file that held it looked, so that one that still looks so need not be read, and `text_sequence` the last
    entry of the log that the text has.
    """

    path: str
    document_id: str
    created_at_ms: int
    text_digest: str | None = None
    text_stat: str | None = None
    text_sequence: int | None = None


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """How far one migration went: of the file at `path`, with the bytes of `source_digest`, by the steps of
    `steps_digest`.

    `backup` is a file name in the store's folder of backups, `report` is JSON, `text_digest` is that of the text
    that replaced the source.
    """

    path: str
    source_digest: str
    steps_digest: str
    phase: Phase
    backup: str
    report: bytes = b"{}"
    text_digest: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a store knows of a file that says which document it is; `registration` is the one it was found by.

    `registered`: this path has this document. `replaced`: this path has another one. `moved`: the document stands
    under a path where no file is any more. `copied`: the document's own file is still there. `new`: never seen.
    """

    standing: Standing
    registration: Registration | None


REGISTRATION_COLUMNS = "path, document_id, created_at_ms, text_digest, text_stat, text_sequence"
MARKER_COLUMNS = "path, source_digest, steps_digest, phase, backup, report, text_digest"


def path_bytes(path: str) -> bytes:
    """A path as the file system spells it; SQLite's text would refuse names that are no UTF-8."""
    return os.fsencode(path)


def registration_of(row: tuple[Any, ...]) -> Registration:
    """A row of REGISTRATION_COLUMNS; raises StoreDamaged when it is none."""
    return _value(Registration, REGISTRATION_COLUMNS, row)


def marker_of(row: tuple[Any, ...]) -> Marker:
    """A row of MARKER_COLUMNS; raises StoreDamaged when it is none."""
    return _value(Marker, MARKER_COLUMNS, row)


def marker_values(marker: Marker, recorded_at_ms: int) -> tuple[Any, ...]:
    """A row of MARKER_COLUMNS and the time it was recorded."""
    return (
        path_bytes(marker.path), marker.source_digest, marker.steps_digest, marker.phase, path_bytes(marker.backup),
        marker.report, marker.text_digest, recorded_at_ms,
    )  # fmt: skip


def _value(kind: type[Value], columns: str, row: tuple[Any, ...]) -> Value:
    fields = dict(zip(columns.split(", "), row, strict=True))
    try:
        for name in ("path", "backup"):
            if name in fields:
                fields[name] = os.fsdecode(fields[name])
        return msgspec.convert(fields, kind)
    except (msgspec.ValidationError, TypeError) as error:
        raise StoreDamaged(
            f"a row of {kind.__name__.lower()}s in the store is damaged: {error}", hint=START_OVER
        ) from error
