"""CoCalc's own records of threads, in each of their shapes, best first: those under the key it reads come first."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from chatdoc.ids import MessageId, Stamp, ThreadId, derive
from chatdoc.records.facts import StateFact
from chatdoc.records.thread_state import TERMINAL
from migrate.cocalc.dates import read_date, spelled
from migrate.cocalc.lines import Line
from migrate.cocalc.naming import thread_named

_KEYS = frozenset({"event", "sender_id", "date", "thread_id", "updated_at", "updated_by", "schema_version"})
_STATE_KEYS = _KEYS | {"state", "active_message_id"}
_THREAD_KEYS = frozenset(
    {
        "event",
        "sender_id",
        "date",
        "thread_id",
        "root_message_id",
        "created_at",
        "created_by",
        "schema_version",
    }
)
_LIVE = ("queued", "running")


def by_thread(lines: list[Line]) -> dict[ThreadId, list[Line]]:
    """Rows of one kind by the thread they are of, the best first; never by where they stand."""
    found: dict[ThreadId, list[Line]] = defaultdict(list)
    for line in lines:
        assert line.row is not None
        found[thread_named(line.row["thread_id"], read_date(line.row.get("date")) or 0)].append(line)
    for rows in found.values():
        rows.sort(key=_rank)
    return found


def config_fields(row: dict[str, Any]) -> dict[str, Any]:
    """What a config row sets."""
    return {name: value for name, value in row.items() if name not in _KEYS}


def thread_fields(row: dict[str, Any]) -> dict[str, Any]:
    """What a thread row says that no identity holds."""
    return {name: value for name, value in row.items() if name not in _THREAD_KEYS and value is not None}


def updated_ms(row: dict[str, Any]) -> int:
    """When a record was last written: its `updated_at`, else its date, else 0."""
    at = read_date(row.get("updated_at"))
    return at if at is not None else read_date(row.get("date")) or 0


def state_fact(
    thread_id: ThreadId, row: dict[str, Any], active: MessageId | None, root_ms: int
) -> tuple[StateFact, str]:
    """The state at rest, and what was decided where the row says something else; a file does not run turns."""
    said = row.get("state")
    state: Any = said if said in TERMINAL else "interrupted" if said in _LIVE else "idle"
    decided = "" if state == said else f"{said!r} became {state}"
    return make_state(thread_id, state, active, updated_ms(row) or root_ms, _extra(row)), decided


def make_state(
    thread_id: ThreadId, state: Any, active: MessageId | None, ms: int, extra: dict[str, Any] | None = None
) -> StateFact:
    """A state with a stamp derived from what it says."""
    return StateFact(
        thread_id=thread_id,
        stamp=Stamp(derive("state", ms, thread_id, state, active or "")),
        state=state,
        updated_at=spelled(ms),
        active_message_id=active,
        extra=extra,
    )


def _extra(row: dict[str, Any]) -> dict[str, Any] | None:
    extra = {
        name: value for name, value in sorted(row.items()) if name not in _STATE_KEYS and value is not None
    }
    return extra or None


def _rank(line: Line) -> tuple[bool, int, bytes]:
    row = line.row
    assert row is not None
    sender = row.get("sender_id")
    canonical = isinstance(sender, str) and sender.endswith(":" + row["thread_id"])
    return not canonical, -updated_ms(row), line.raw
