"""Oracle: what CoCalc's own one-off upgrade makes of a file, its defects included, written from its description."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from chatdoc.model.clock import EPOCH, iso

Row = dict[str, Any]
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_OWN = ("chat-thread", "chat-thread-config", "chat-thread-state")


def upgraded(source: bytes, *, keep_records: bool = True) -> bytes | None:
    """The file as that program leaves it, or None where it stops at a line that is no JSON.

    `keep_records` is its earlier revision; the later one drops the records of threads that are there already.
    """
    rows: list[Row] = []
    for line in source.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                return None
            if not isinstance(row, dict):
                return None
            rows.append(row)
    others = [row for row in rows if row.get("event") != "chat" and row.get("event") not in _OWN]
    records = [row for row in rows if keep_records and row.get("event") in _OWN[1:]]
    chats = _named([row for row in rows if row.get("event") == "chat"])
    threads: dict[str, list[Row]] = defaultdict(list)
    for chat in chats:
        threads[chat["thread_id"]].append(chat)
    made: list[Row] = []
    for thread_id, members in threads.items():
        made += _thread(thread_id, members, records)
    kept = [row for row in records if row.get("thread_id") not in threads]
    last: dict[tuple[str, str, str], Row] = {}
    for row in [*others, *kept, *made, *chats]:
        last[str(row.get("event")), str(row.get("sender_id")), str(row.get("date"))] = row
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in last.values()).encode(
        "utf-8", "replace"
    )


def _date(value: Any) -> str | None:
    """A date as JavaScript reads it: numbers are milliseconds, digits in a text are no date."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return iso(int(value)) if 0 <= value < 253_402_300_799_999 else None
    if not isinstance(value, str) or re.fullmatch(r"-?[0-9.]+", value.strip()):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except (ValueError, RecursionError):
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    ms = int(found.timestamp() * 1000)
    return iso(ms) if ms >= 0 else None


def _ms(date: str) -> int:
    return round(datetime.fromisoformat(date).timestamp() * 1000)


def _named(chats: list[Row]) -> list[Row]:
    by_root: dict[str, str] = {}
    taken: set[str] = set()
    repeated: dict[tuple[str, str], int] = defaultdict(int)
    found: list[Row] = []
    for old in chats:
        date = _date(old.get("date"))
        if date is None:
            continue
        row = dict(old)
        sender = row["sender_id"] = str(row.get("sender_id") or "__unknown__")
        row["date"] = date
        root = _date(row.get("reply_to")) or date
        thread_id = row.get("thread_id") or by_root.get(root) or f"legacy-thread-{_ms(root)}"
        by_root.setdefault(root, thread_id)
        row["thread_id"] = by_root[root]
        message_id = row.get("message_id")
        if not message_id:
            message_id = f"legacy-message-{_ms(date)}-{_UNSAFE.sub('_', sender)}"
            again = repeated[date, sender]
            repeated[date, sender] += 1
            message_id += f"-{again}" if again else ""
        plain, number = message_id, 2
        while message_id in taken:
            message_id, number = f"{plain}-dup{number}", number + 1
        taken.add(message_id)
        row |= {"message_id": message_id, "schema_version": 2}
        row.setdefault("history", [])
        found.append(row)
    return found


def _thread(thread_id: str, members: list[Row], records: list[Row]) -> list[Row]:
    members.sort(key=lambda row: (_ms(row["date"]), row["message_id"]))
    root = next((row for row in members if not row.get("reply_to")), members[0])
    for row in members:
        row.pop("reply_to_message_id", None)
        if row is root:
            row.pop("parent_message_id", None)
        else:
            row["parent_message_id"] = root["message_id"]
    identity = {
        "event": "chat-thread",
        "sender_id": "__thread__",
        "date": root["date"],
        "thread_id": thread_id,
        "root_message_id": root["message_id"],
        "created_at": root["date"],
        "created_by": root["sender_id"],
        "schema_version": 2,
    }
    said: Row = {}
    for name in ("name", "thread_color", "thread_icon", "thread_image"):
        value = root.get(name)
        if isinstance(value, str) and value.strip():
            said[name] = value.strip()
    if root.get("pin") in (True, "true", 1, "1"):
        said["pin"] = True
    config = root.get("acp_config")
    if isinstance(config, dict):
        said["acp_config"] = config
        if config.get("model"):
            said |= {"agent_kind": "acp", "agent_model": config["model"], "agent_mode": "interactive"}
    running = any(row.get("generating") is True for row in members)
    interrupted = members[-1].get("acp_interrupted") is True
    state = "running" if running else "interrupted" if interrupted else "complete"
    there = {row["event"]: row for row in records if row.get("thread_id") == thread_id}
    return [
        identity,
        {
            **said,
            **there.get(_OWN[1], {}),
            "event": _OWN[1],
            "sender_id": f"__thread_config__:{thread_id}",
            "date": EPOCH,
            "thread_id": thread_id,
            "updated_at": root["date"],
            "updated_by": root["sender_id"],
            "schema_version": 2,
        },
        {
            "state": state,
            "active_message_id": members[-1]["message_id"],
            "updated_at": members[-1]["date"],
            **there.get(_OWN[2], {}),
            "event": _OWN[2],
            "sender_id": f"__thread_state__:{thread_id}",
            "date": EPOCH,
            "thread_id": thread_id,
            "schema_version": 2,
        },
    ]
