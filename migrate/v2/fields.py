"""Which names a v2 row keeps for itself, so that any other field may stand in it under its own name.

A field of the same name as one of these is spelled inside `fields` instead; so no field is ever lost or mistaken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

EVENTS = ("document", "thread", "thread_config", "thread_state", "message", "message_part", "attic")
"""The events of version 2, in the order of the text; `message_part` is what came for a message not yet seen."""

DOCUMENT_KEYS = frozenset({"event", "also", "fields"})
THREAD_KEYS = frozenset(
    {
        "event",
        "thread_id",
        "created_at",
        "created_by",
        "root_message_id",
        "schema_version",
        "deleted_at",
        "deleted_by",
        "assumed",
        "variants",
        "fields",
    }
)
CONFIG_KEYS = frozenset({"event", "thread_id", "acp_config", "updated_at", "updated_by", "stamps", "fields"})
STATE_KEYS = frozenset({"event", "thread_id", "state", "active_message_id", "updated_at", "stamp", "fields"})
MESSAGE_KEYS = frozenset(
    {
        "event",
        "message_id",
        "thread_id",
        "sender_id",
        "date",
        "reply_to_message_id",
        "history",
        "deleted",
        "deleted_at",
        "deleted_by",
        "assumed",
        "stamps",
        "live",
        "variants",
        "fields",
    }
)


def place(row: dict[str, Any], fields: Mapping[str, Any], kept: frozenset[str]) -> None:
    """Put fields into a row, sorted by name; those whose name the row keeps for itself go into its `fields`."""
    inside = {}
    for name, value in tidied(fields).items():
        if name in kept:
            inside[name] = value
        else:
            row[name] = value
    if inside:
        row["fields"] = inside


def taken(row: Mapping[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    """The fields of a row that `place` put there; a `fields` that is no object counts as a field of that name."""
    found = {name: value for name, value in row.items() if name not in kept}
    inside = row.get("fields")
    if isinstance(inside, dict):
        found |= inside
    elif inside is not None:
        found["fields"] = inside
    return found


def tidied(value: Any) -> Any:
    """The same JSON value with the keys of all its objects sorted."""
    return msgspec.to_builtins(value, order="deterministic")
