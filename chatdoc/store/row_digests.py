"""Row digests: rows that are no log and are folded from nothing are held against a digest of what was written.

| table | what it is held against |
| --- | --- |
| `document` (not its floor, which only grows), `markers`, `turn_leases`, `consumer_cursors` | a digest of all rows |
| `provider_session_runtime`, `log_compactions`, `baseline_pieces` | the same |
| `orchestration_events` | the same, of those that a compaction kept: what they are chained to is gone |
| `checkpoint_diff_blobs` | a digest for each row |

They are written in the transaction of their rows, all of them when a store is made; one that is missing is damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from chatdoc.store.projections.projector import Execute

_ROWS = {
    "document": (
        "SELECT path, document_id, text_digest, text_stat, text_sequence, created_at_ms, retired_at_ms, released,"
        " log_began_at_ms FROM document"
    ),
    "markers": (
        "SELECT source_digest, steps_digest, phase, backup, report, text_digest, recorded_at_ms FROM markers"
        " ORDER BY source_digest, steps_digest"
    ),
    "turn_leases": (
        "SELECT message_id, thread_id, owner, process, taken_at_ms, heartbeat_at_ms FROM turn_leases"
        " ORDER BY message_id"
    ),
    "consumer_cursors": "SELECT consumer, sequence FROM consumer_cursors ORDER BY consumer",
    "provider_session_runtime": (
        "SELECT provider_session_id, thread_id, provider_name, adapter_key, provider_thread_id, status, last_seen_at,"
        " resume_cursor_json, runtime_payload_json FROM provider_session_runtime ORDER BY provider_session_id"
    ),
    "log_compactions": (
        "SELECT through_sequence, through_at, compacted_at, events_removed FROM log_compactions"
        " ORDER BY through_sequence"
    ),
    "baseline_pieces": (
        "SELECT table_name, number, row_lines FROM baseline_pieces ORDER BY table_name, number"
    ),
    "orchestration_events": (
        "SELECT sequence, event_id, aggregate_kind, stream_id, stream_version, event_type, occurred_at, command_id,"
        " causation_event_id, correlation_id, actor_kind, payload_json, metadata_json, digest"
        " FROM orchestration_events"
        " WHERE sequence <= (SELECT coalesce(max(through_sequence), 0) FROM log_compactions) ORDER BY sequence"
    ),
}
TABLES = tuple(_ROWS)
"""Those that have one digest as a whole."""
DIFFS = "checkpoint_diff_blobs"
_DIFF = (
    "SELECT thread_id, from_turn_count, to_turn_count, diff, created_at FROM checkpoint_diff_blobs{}"
    " ORDER BY thread_id, from_turn_count, to_turn_count"
)
_THIS_DIFF = _DIFF.format(" WHERE thread_id = ? AND from_turn_count = ? AND to_turn_count = ?")
_ALL = "SELECT table_name, row_key, digest FROM row_digests"
_PUT = "INSERT OR REPLACE INTO row_digests (table_name, row_key, digest) VALUES (?, ?, ?)"
_encode = msgspec.msgpack.Encoder().encode


def put(execute: Execute, *tables: str) -> None:
    """Write the digests of tables as they are now; in the transaction that wrote to them."""
    for table in tables:
        execute(_PUT, (table, "", _digest(execute(_ROWS[table]))))


def put_all(execute: Execute) -> None:
    """Write every digest anew, of a store that is being made or takes the step with which they came."""
    put(execute, *TABLES)
    for row in execute(_DIFF.format("")).fetchall():
        execute(_PUT, (DIFFS, _key(row), _digest([row])))


def put_diff(execute: Execute, thread_id: str, from_turn: int, to_turn: int) -> None:
    """Write the digest of the text of one difference as it is now; in the transaction that wrote it."""
    for row in execute(_THIS_DIFF, (thread_id, from_turn, to_turn)).fetchall():
        execute(_PUT, (DIFFS, _key(row), _digest([row])))


def changed(execute: Execute) -> Iterator[str]:
    """The tables and rows that are not what was written, in words without their content."""
    found = {(table, key): bytes(digest) for table, key, digest in execute(_ALL).fetchall()}
    for table in TABLES:
        if found.pop((table, ""), None) != _digest(execute(_ROWS[table])):
            yield table
    for row in execute(_DIFF.format("")).fetchall():
        if found.pop((DIFFS, _key(row)), None) != _digest([row]):
            yield f"{DIFFS} of turns {row[1]} to {row[2]}"
    if found:
        yield f"{', '.join(sorted({table for table, _ in found}))}: {len(found)} rows that are gone"


def _key(row: Any) -> str:
    return f"{row[0]}/{row[1]}/{row[2]}"


def _digest(rows: Any) -> bytes:
    digest = sha256()
    for row in rows:
        digest.update(_encode([bytes(one) if isinstance(one, memoryview) else one for one in row]))
    return digest.digest()
