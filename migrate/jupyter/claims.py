"""Format detection: one JSON object with `messages` and what else jupyterlab-chat writes, in whatever order."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_PARTS = frozenset({"users", "attachments", "metadata"})
_HEAD = re.compile(rb'\{\s*"(?:messages|users|attachments|metadata)"\s*:')
_MESSAGES = re.compile(rb'"messages"\s*:')
_ROW_KEYS = frozenset({"event", "date", "mesg"})
_top = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)


def claims(source: bytes) -> bool:
    """Whether the bytes are, or once were, a jupyterlab-chat file; a damaged one is claimed too, to be refused.

    `{"messages": …}` alone is what many programs write: it takes another part of the format, or a message as this one
    has them.
    """
    text = source.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"{"):
        return False
    end = text.find(b"\n")
    if _is_row(text if end < 0 else text[:end]):
        return False
    try:
        found = _top(text)
    except _ERRORS:
        return _was_one(text)
    messages = found.get("messages")
    if messages is None or not _ROW_KEYS.isdisjoint(found):
        return False
    return not _PARTS.isdisjoint(found) or _has_message(messages)


def _is_row(line: bytes) -> bool:
    """Whether a line by itself is a row of a format that has one JSON object a line."""
    try:
        found = msgspec.json.decode(line)
    except _ERRORS:
        return False
    return isinstance(found, dict) and not _ROW_KEYS.isdisjoint(found)


def _has_message(messages: msgspec.Raw) -> bool:
    """Whether a list has a text by a sender, with an id or a time, as no other program calls them."""
    try:
        rows: list[Any] = [msgspec.json.decode(one) for one in _list(messages)[:20]]
    except _ERRORS:
        return False
    return any(
        isinstance(row, dict)
        and {"body", "sender"} <= row.keys()
        and not row.keys().isdisjoint({"id", "time"})
        for row in rows
    )


def _was_one(text: bytes) -> bool:
    """Whether what is no JSON any more began as this format does."""
    if re.match(rb"\{\s*\n", text):
        return _MESSAGES.search(text) is not None
    return _HEAD.match(text) is not None
