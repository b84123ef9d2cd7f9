"""The tools' own indexes of their sessions, only read: they hide what is still on disk, and list what is gone.

| tool | file | what it lists |
| --- | --- | --- |
| Claude Code | `sessions-index.json` of a project folder | `entries` with `sessionId` and `fullPath` |
| Codex | `state_<n>.sqlite`, where n is the greatest | table `threads`: `id`, `rollout_path`, archived ones too |
| Codex | `session_index.jsonl`, append-only | `id`, `thread_name`, `updated_at` of threads with a name alone |
"""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import msgspec

from chatdoc.store.plain_file import open_plain

CLAUDE_INDEX = "sessions-index.json"
CODEX_INDEX = "session_index.jsonl"
_CODEX_STATE = re.compile(r"state_?(\d*)\.sqlite")
FILE_BYTES_MAX = 256 * 1024 * 1024


class ToolIndex(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a tool: where it is, whose folder it tells of, and the sessions it lists."""

    source: str
    path: str
    folder: str
    sessions: dict[str, str] = {}
    """Session id, and the log that it names, empty where it names none."""
    lists_all: bool = True
    """Whether a session that it does not list is one that its tool does not show."""
    problem: str = ""


def tool_indexes(source: str, root: Path) -> list[ToolIndex]:
    """The indexes of a source's tool that tell of logs below a root."""
    if source == "claude":
        return [
            _claude(path) for path in sorted(root.glob(f"*/{CLAUDE_INDEX}")) + sorted(root.glob(CLAUDE_INDEX))
        ]
    if source == "codex":
        home = root.parent
        found = [_codex_lines(home / CODEX_INDEX, root)] if os.path.isfile(home / CODEX_INDEX) else []
        # The number is that of the schema: older files are left lying, and know nothing of later sessions.
        states = [
            (int(named[1] or 0), path)
            for path in home.glob("state*.sqlite")
            if (named := _CODEX_STATE.fullmatch(path.name))
        ]
        return [*found, *(_codex_database(path, root) for _, path in sorted(states)[-1:])]
    return []


def _claude(path: Path) -> ToolIndex:
    folder = str(path.parent)
    try:
        told = msgspec.json.decode(_bytes(path))
        entries = told["entries"]
        sessions = {
            entry["sessionId"]: entry["fullPath"] if isinstance(entry.get("fullPath"), str) else ""
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("sessionId"), str)
        }
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError) as error:
        return ToolIndex(source="claude", path=str(path), folder=folder, problem=type(error).__name__)
    return ToolIndex(source="claude", path=str(path), folder=folder, sessions=sessions)


def _codex_lines(path: Path, root: Path) -> ToolIndex:
    sessions: dict[str, str] = {}
    try:
        for raw in _bytes(path).splitlines():
            try:
                row = msgspec.json.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(row, dict) and isinstance(row.get("id"), str):
                sessions[row["id"]] = ""
    except OSError as error:
        return ToolIndex(source="codex", path=str(path), folder=str(root), problem=type(error).__name__)
    return ToolIndex(source="codex", path=str(path), folder=str(root), sessions=sessions, lists_all=False)


def _codex_database(path: Path, root: Path) -> ToolIndex:
    """Codex's state database: its table of threads has their ids and rollouts."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=5, uri=True)
        try:
            rows = connection.execute("SELECT id, rollout_path FROM threads").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return ToolIndex(source="codex", path=str(path), folder=str(root), problem=type(error).__name__)
    sessions = {str(session): str(log or "") for session, log in rows}
    return ToolIndex(source="codex", path=str(path), folder=str(root), sessions=sessions)


def _bytes(path: Path) -> bytes:
    with open_plain(path) as file:
        return file.read(FILE_BYTES_MAX)
