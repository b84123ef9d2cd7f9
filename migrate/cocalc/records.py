"""CoCalc's own records of threads, in each of their shapes: those under the key it reads go before others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.facts import StateFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive
from chatdoc.model.records.thread_state import State
from migrate.cocalc.dates import read_date
from migrate.cocalc.naming import thread_named

_SENDERS = ("__thread__", "__thread_config__", "__thread_state__")
_KEYS = frozenset({"event", "thread_id"})
_CONFIG_KEYS = _KEYS | {"updated_at", "updated_by"}
_STATE_KEYS = _KEYS | {"state", "active_message_id", "updated_at"}
_THREAD_KEYS = _KEYS | {"root_message_id", "created_at", "created_by"}
_RESTING: dict[Any, State] = {
    "idle": "idle", "complete": "complete", "error": "error", "interrupted": "interrupted",
    "queued": "interrupted", "running": "interrupted",
}  # fmt: skip


class Record:
    """A row on a thread, with its line; `ms` is when it was last written, 0 where it does not say."""

    __slots__ = ("ms", "number", "raw", "row", "thread_id")

    def __init__(self, number: int, raw: bytes, row: dict[str, Any]) -> None:
        self.number = number
        self.raw = raw
        self.row = row
        self.thread_id: ThreadId = thread_named(row["thread_id"])
        at = read_date(row.get("updated_at"))
        self.ms: int = at if at is not None else read_date(row.get("date")) or 0

    def text(self, name: str) -> str | None:
        """A field that is a text and not blank."""
        value = self.row.get(name)
        return value if isinstance(value, str) and value.strip() else None

    def date(self, name: str) -> int | None:
        """Milliseconds of a field that is a date."""
        return read_date(self.row.get(name))


def by_thread(records: list[Record]) -> dict[ThreadId, list[Record]]:
    """Rows of one kind by the thread they are of, the best first; never by where they stand.

    Identities tell when a thread began, so the earliest is the best; of the others the latest under the right key.
    """
    found: dict[ThreadId, list[Record]] = defaultdict(list)
    for record in records:
        found[record.thread_id].append(record)
    for fellows in found.values():
        fellows.sort(key=_rank)
    return found


def config_fields(record: Record) -> dict[str, Any]:
    """What a config row sets."""
    fields = _rest(record, _CONFIG_KEYS)
    if record.row.get("updated_at") is not None and record.date("updated_at") is None:
        fields["legacy_updated_at"] = record.row["updated_at"]
    if record.row.get("updated_by") is not None and not isinstance(record.row["updated_by"], str):
        fields["legacy_updated_by"] = record.row["updated_by"]
    return fields


def thread_extra(record: Record, names: Container[str | None]) -> dict[str, Any]:
    """What a thread row says that no identity holds; `names` are those the root is known by."""
    row, extra = record.row, _rest(record, _THREAD_KEYS)
    if row.get("created_at") is not None and record.date("created_at") is None:
        extra["legacy_created_at"] = row["created_at"]
    if row.get("created_by") is not None and not isinstance(row["created_by"], str):
        extra["legacy_created_by"] = row["created_by"]
    if row.get("root_message_id") not in (None, "") and row["root_message_id"] not in names:
        extra["legacy_root_message_id"] = row["root_message_id"]
    return extra


def state_of(record: Record, active: MessageId | None, root_ms: int) -> tuple[StateFact, str]:
    """The state at rest, and what was decided where the row says something else: a file does not run turns."""
    said, extra = record.row.get("state"), _rest(record, _STATE_KEYS)
    state = _RESTING.get(said if isinstance(said, str) else None, "idle")
    if said is not None and (not isinstance(said, str) or said not in _RESTING):
        extra["legacy_state"] = said
    if active is None and record.row.get("active_message_id") not in (None, ""):
        extra["legacy_active_message_id"] = record.row["active_message_id"]
    if record.row.get("updated_at") is not None and record.date("updated_at") is None:
        extra["legacy_updated_at"] = record.row["updated_at"]
    decided = "" if state == said else f"{said!r:.60} became {state}"
    return make_state(record.thread_id, state, active, record.ms or root_ms, extra), decided


def make_state(
    thread_id: ThreadId,
    state: State,
    active: MessageId | None,
    ms: int,
    extra: dict[str, Any] | None = None,
) -> StateFact:
    """A state with a stamp derived from what it says."""
    return StateFact(
        thread_id=thread_id,
        stamp=Stamp(derive("state", ms, thread_id, state, active or "")),
        state=state,
        updated_at=iso(ms),
        active_message_id=active,
        extra=dict(sorted(extra.items())) if extra else None,
    )


def _rest(record: Record, known: frozenset[str]) -> dict[str, Any]:
    """The fields nobody here knows; the key of a record, and the version, say nothing of their own."""
    fields = {name: value for name, value in record.row.items() if name not in known and value is not None}
    sender = fields.pop("sender_id", "")
    if not isinstance(sender, str) or (sender and sender.partition(":")[0] not in _SENDERS):
        fields["legacy_sender_id"] = sender
    date = fields.pop("date", 0)
    if read_date(date) is None:
        fields["legacy_date"] = date
    if fields.get("schema_version") in (1, 2):
        del fields["schema_version"]
    if "deleted" in fields:
        fields["legacy_deleted"] = fields.pop("deleted")
    return fields


def _rank(record: Record) -> tuple[bool, int, bytes]:
    if record.row.get("event") == "chat-thread":
        return False, record.date("created_at") or record.ms, record.raw
    sender = record.text("sender_id")
    canonical = sender is not None and sender.endswith(f":{record.row['thread_id']}")
    return not canonical, -record.ms, record.raw
