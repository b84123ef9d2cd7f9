"""The `.chat` text says what a document holds, one JSON row a line, and equal documents give equal bytes.

Rows stand in the order of `docs/format.md`; reading them back (`migrate/native`) gives the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.model.ids import MessageId
from chatdoc.model.view.view import View
from migrate.v2.fields import DOCUMENT_KEYS, place, tidied
from migrate.v2.write_message import PlainRow, message_row, part_row, plain_row
from migrate.v2.write_thread import config_row, state_row, thread_row

__all__ = [
    "SCHEMA_VERSION",
    "document_row",
    "encode",
    "render",
    "rows_behind_messages",
    "rows_of_threads",
    "threads_of",
]

SCHEMA_VERSION = 2

encode = msgspec.json.Encoder().encode


def render(view: View) -> bytes:
    """The v2 text of a document: UTF-8, LF, one row a line, the last line ended too; nothing for nothing."""
    text = bytearray(encode(document_row(view)))  # A list of all lines would hold the text twice.
    text += b"\n"
    begin = len(text)
    for row in _rows(view):
        text += encode(row)
        text += b"\n"
    if len(text) == begin and not any(view.document_values.values()):
        return b""
    return bytes(text)


def document_row(view: View) -> dict[str, Any]:
    """The document's own fields; of several values the first, the others in `also`."""
    values = {field: values for field, values in view.document_values.items() if values}
    shown = {field: values[0] for field, values in values.items()}
    row: dict[str, Any] = {"event": "document"}
    if "document_id" in shown:
        row["document_id"] = shown.pop("document_id")
    row["schema_version"] = shown.pop("schema_version", SCHEMA_VERSION)
    place(row, shown, DOCUMENT_KEYS)
    also = {field: tidied(values[field][1:]) for field in sorted(values) if len(values[field]) > 1}
    if also:
        row["also"] = also
    return row


def threads_of(view: View) -> list[str]:
    """The threads in the order of their rows: those that were begun, then the ids that only other records name."""
    threads: list[str] = [*view.thread_ids()]
    strays = (view.settings.keys() | view.states.keys() | view.members.keys()) - view.thread_facts.keys()
    return threads + sorted(strays)


def rows_of_threads(view: View, threads: list[str]) -> Iterator[dict[str, Any]]:
    """Identities, then configs, then states."""
    for thread_id in threads:
        if thread_id in view.thread_facts:
            yield thread_row(view, thread_id)
    for thread_id in threads:
        if view.settings.get(thread_id):
            yield config_row(view, thread_id)
    for thread_id in threads:
        if view.states.get(thread_id):
            yield state_row(view, thread_id)


def rows_behind_messages(view: View) -> Iterator[dict[str, Any]]:
    """What came for messages that are not here, and what is kept verbatim."""
    for late in sorted(view.late):
        yield part_row(view, late)
    for attic in view.attic():
        yield {
            "event": "attic",
            "kind": attic.kind,
            "reason": attic.reason,
            "text": attic.text,
            "encoding": attic.encoding,
        }


def _rows(view: View) -> Iterator[dict[str, Any] | PlainRow]:
    threads = threads_of(view)
    yield from rows_of_threads(view, threads)
    for thread_id in threads:
        for message_id in _by_date(view, thread_id):
            yield plain_row(view, message_id) or message_row(view, message_id)
    yield from rows_behind_messages(view)


def _by_date(view: View, thread_id: str) -> list[MessageId]:
    headers = view.headers
    return [one for _, one in sorted((headers[one].date, one) for one in view.members.get(thread_id, ()))]
