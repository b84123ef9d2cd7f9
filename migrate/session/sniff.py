"""Which tool wrote a log is decided from its bytes: the first lines that are records of one tool, and of no other."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.item import Source

LINES_MAX = 40
_CODEX = frozenset({"session_meta", "response_item", "event_msg", "turn_context", "compacted", "world_state"})
_BARE = frozenset({"message", "reasoning", "function_call", "function_call_output"})
_CLAUDE = frozenset(
    {"user", "assistant", "system", "summary", "attachment", "progress", "file-history-snapshot"}
)
_CLAUDE_BARE = frozenset(
    [
        "queue-operation",
        "permission-mode",
        "mode",
        "last-prompt",
        "ai-title",
        "custom-title",
        "agent-name",
        "pr-link",
        "bridge-session",
    ]
)


def sniff(head: bytes) -> Source | None:
    """The source of a log that begins so, or None for what is no session log; the last piece may be torn."""
    for raw in head.removeprefix(b"\xef\xbb\xbf").split(b"\n", LINES_MAX)[:LINES_MAX]:
        if raw.strip(b"\x00 \t\r") and (found := source_of_line(raw.strip(b"\x00 \t\r"))) is not None:
            return found
    return None


def source_of_line(raw: bytes) -> Source | None:
    """The source of one record, or None where it could be anybody's."""
    try:
        row = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _of_torn(raw)
    if not isinstance(row, dict):
        return None
    return _of_row(row)


def _of_row(row: dict[str, Any]) -> Source | None:
    kind = row.get("type")
    if isinstance(row.get("payload"), dict) and isinstance(kind, str) and "timestamp" in row:
        return "codex" if kind in _CODEX else None
    if row.get("record_type") == "state" or {"id", "timestamp", "instructions"} <= row.keys():
        return "codex"
    if "channel" in row and "ts" in row:
        return "acp"
    if row.get("jsonrpc") == "2.0" and (row.get("method") or "result" in row or "error" in row):
        return "acp"
    if kind in _CLAUDE_BARE:
        return "claude"
    if kind in _CLAUDE and row.keys() & {"sessionId", "leafUuid", "messageId", "parentUuid"}:
        return "claude"
    if kind in _BARE and (row.get("role") or row.get("call_id") or "summary" in row) and "uuid" not in row:
        return "codex"
    return None


def _of_torn(raw: bytes) -> Source | None:
    """A guess for a first line that is longer than what was read of the file."""
    head = raw[:400]
    if b'"type":"session_meta"' in head and b'"payload"' in head:
        return "codex"
    if b'"sessionId"' in head and (b'"parentUuid"' in head or b'"isSidechain"' in head):
        return "claude"
    return None
