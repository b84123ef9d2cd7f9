"""Whether bytes are a CoCalc chat file."""

from __future__ import annotations

import re

from migrate.lines import read_lines

EVENTS = frozenset(
    {
        "chat", "draft", "chat-thread", "chat-thread-config", "chat-thread-state", "start_video", "stop_video",
        "video", "coding-agent", "notebook-agent",
    }
)  # fmt: skip
FIELDS = frozenset({"date", "mesg", "sender_id", "history", "payload", "corrupt", "input"})
_DAMAGED = re.compile(rb'^\s*\{.*"(?:event|date|sender_id|history|mesg|payload)"', re.MULTILINE)


def claims(source: bytes) -> bool:
    """Whether any line is a row of a chat, or was one before it was damaged."""
    for line in read_lines(source):
        if line.row is not None and (_event(line.row) in EVENTS or not FIELDS.isdisjoint(line.row)):
            return True
        if line.problem and _DAMAGED.match(line.raw):
            return True
    return False


def _event(row: dict[str, object]) -> object:
    event = row.get("event")
    return event if isinstance(event, str) else None
