"""Ledger, schema version 1: the turns of a thread as one list of numbered entries, checked field by field when read.

What is hashed holds no clock: `generatedAt` is the newest date of the content, so equal turns give equal bytes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from migrate.transcript import swift_json
from migrate.transcript.identity import is_uuid
from migrate.transcript.turn import (
    STATUSES,
    Action,
    Problem,
    TranscriptTurn,
    latest_date,
    whole_seconds,
)

SCHEMA_VERSION = 1
LIMIT_ALL = 9_223_372_036_854_775_807
"""How «all turns» is spelled where a number is asked for."""
_USER, _ASSISTANT, _CARD = "user_message", "assistant_message", "action_card"


class Ledger(NamedTuple):
    """A ledger that was read; `turns` is None where it is not valid, and `problems` says why."""

    thread_id: str | None
    entry_count: int
    turns: list[TranscriptTurn] | None
    problems: list[Problem]
    """`line` is the number of the entry, 0 for the document."""


def render(project_path: str, thread_id: str, turns: list[TranscriptTurn]) -> bytes:
    """The ledger of these turns, in their order, byte for byte as CodexChat would print it."""
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "generatedAt": latest_date(turns),
        "projectPath": project_path,
        "threadID": thread_id,
        "entries": entries(turns),
    }
    return swift_json.encode(document).encode("utf-8", "backslashreplace")


def entries(turns: list[TranscriptTurn]) -> list[dict[str, Any]]:
    """Two entries a turn and one an action, numbered from 1."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        rows: list[dict[str, Any]] = [
            {"kind": _USER, "timestamp": turn.timestamp, "text": turn.user_text},
            {"kind": _ASSISTANT, "timestamp": turn.timestamp, "text": turn.assistant_text},
        ]
        for action in turn.actions:
            told = {"method": action.method, "title": action.title, "text": action.detail}
            rows.append({"kind": _CARD, "timestamp": action.created_at, **told})
        found += [{**row, "turnID": turn.turn_id, "status": turn.status} for row in rows]
    return [{**row, "sequence": number} for number, row in enumerate(found, 1)]


def read(data: bytes) -> Ledger:
    """Reads a ledger; unknown fields are passed over, anything else that the schema does not allow is a problem."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Ledger(None, 0, None, [_problem("not_json")])
    if not isinstance(document, dict):
        return Ledger(None, 0, None, [_problem("not_an_object")])
    problems = _of_document(document)
    rows = document.get("entries")
    thread_id = document.get("threadID")
    named = thread_id.upper() if isinstance(thread_id, str) else None
    if not isinstance(rows, list):
        return Ledger(named, 0, None, [*problems, _problem("missing_field")])
    turns = _turns(rows, problems)
    return Ledger(named, len(rows), None if problems else turns, problems)


def _of_document(document: dict[str, Any]) -> list[Problem]:
    problems = []
    version = document.get("schemaVersion")
    if version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        problems.append(_problem("newer_version" if newer else "wrong_version"))
    if not _is_date(document.get("generatedAt")):
        problems.append(_problem("missing_field"))
    if not isinstance(document.get("projectPath"), str):
        problems.append(_problem("missing_field"))
    thread_id = document.get("threadID")
    if not isinstance(thread_id, str) or not is_uuid(thread_id):
        problems.append(_problem("missing_field"))
    return problems


def _turns(rows: list[Any], problems: list[Problem]) -> list[TranscriptTurn]:
    """The turns that the entries tell: a question opens one, its answer and its actions follow."""
    turns: list[TranscriptTurn] = []
    for number, row in enumerate(rows, 1):
        code = _fault(row, number)
        if code is None and row["kind"] != _USER:
            open_turn = turns[-1] if turns else None
            if open_turn is None or open_turn.turn_id != row["turnID"].upper():
                code = "entry_without_question"
        if code is not None:
            problems.append(_problem(code, number))
        elif row["kind"] == _USER:
            turns.append(_begun(row))
        elif row["kind"] == _ASSISTANT:
            turns[-1] = msgspec.structs.replace(turns[-1], assistant_text=row["text"])
        else:
            action = Action(
                method=row.get("method") or "",
                title=row.get("title") or "",
                detail=row["text"],
                created_at=whole_seconds(row["timestamp"]),
            )
            turns[-1] = msgspec.structs.replace(turns[-1], actions=(*turns[-1].actions, action))
    return turns


def _begun(row: dict[str, Any]) -> TranscriptTurn:
    return TranscriptTurn(
        turn_id=row["turnID"].upper(),
        timestamp=whole_seconds(row["timestamp"]),
        status=row.get("status") or "completed",
        user_text=row["text"],
        assistant_text="",
    )


def _fault(row: Any, number: int) -> str | None:
    if not isinstance(row, dict):
        return "not_an_object"
    if row.get("sequence") != number or isinstance(row.get("sequence"), bool):
        return "sequence_gap"
    if row.get("kind") not in (_USER, _ASSISTANT, _CARD):
        return "unknown_kind"
    turn_id = row.get("turnID")
    if not isinstance(turn_id, str) or not is_uuid(turn_id) or not _is_date(row.get("timestamp")):
        return "missing_field"
    row["text"] = "" if row.get("text") is None else row["text"]
    if any(not isinstance(row.get(name) or "", str) for name in ("status", "method", "title", "text")):
        return "wrong_type"
    return "unknown_status" if (row.get("status") or "completed") not in STATUSES else None


def _is_date(value: Any) -> bool:
    try:
        whole_seconds(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _problem(code: str, entry: int = 0) -> Problem:
    return Problem(code=code, line=entry, decision="the ledger is not used")
