"""Oracle: what CoCalc counts in its integrity report, and which messages it shows, written from its description."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from chatdoc.model.clock import ms_of

Row = dict[str, Any]
COUNTERS = (
    "missing_identity_fields",
    "duplicate_root_messages",
    "orphan_messages",
    "invalid_reply_targets",
    "missing_thread_config",
)


def rows_of(text: bytes) -> list[Row]:
    """The rows it loads; lines that are no JSON are dropped by it, halves of characters are not."""
    found = []
    for line in text.decode("utf-8", "replace").split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found


def counters(rows: list[Row]) -> Counter[str]:
    """Its five counters; all zero when nothing is wrong."""
    found: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
    chats = [row for row in rows if row.get("event") == "chat"]
    configured = {row.get("thread_id") for row in rows if row.get("event") == "chat-thread-config"}
    known = {row["message_id"] for row in chats if row.get("message_id")}
    threads: dict[str, list[Row]] = defaultdict(list)
    for row in chats:
        if not row.get("message_id") or not row.get("thread_id"):
            found["missing_identity_fields"] += 1
        if row.get("thread_id"):
            threads[row["thread_id"]].append(row)
    for thread_id, members in threads.items():
        roots = [row for row in members if not row.get("parent_message_id")]
        found["duplicate_root_messages"] += max(len(roots) - 1, 0)
        replies = [row for row in members if row.get("parent_message_id")]
        found["orphan_messages"] += 0 if roots else len(replies)
        found["invalid_reply_targets"] += sum(row["parent_message_id"] not in known for row in replies)
        config = [row["acp_config"] for row in roots if isinstance(row.get("acp_config"), dict)]
        if thread_id not in configured and any(
            one.get("sessionId") or "codex" in str(one.get("model")) for one in config
        ):
            found["missing_thread_config"] += 1
    return found


def shown(rows: list[Row]) -> list[Row]:
    """The messages on its screen, in order: one a millisecond, the later row wins; one without sender stops it."""
    by_ms: dict[int, Row] = {}
    for row in rows:
        if row.get("event") != "chat":
            continue
        if isinstance(row.get("video_chat"), dict) and row["video_chat"].get("is_video_chat"):
            continue
        assert row.get("sender_id"), "its projection ends here"
        assert isinstance(row.get("input", ""), str), "nothing can be saved any more"
        by_ms[ms_of(row["date"])] = row
    return [by_ms[ms] for ms in sorted(by_ms)]


def is_agent(row: Row) -> bool:
    """Whether it shows a row as an agent's."""
    return bool(row.get("acp_account_id"))
