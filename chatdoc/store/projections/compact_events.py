"""A compaction removes the events whose effect is folded, and whatever is read, replayed or written later goes on.

What stays of them: every folded row, as the baseline from which a rebuild begins; and of each stream its newest event,
so that versions go on without a gap. Receipts stay, too: a known command id is answered as before.
"""

from __future__ import annotations

import msgspec

from chatdoc.store import row_digests
from chatdoc.store.projections import compaction_baseline
from chatdoc.store.projections.fold import PROJECTORS, catch_up
from chatdoc.store.projections.projector import Execute, ExecuteMany, ReadEvents

TABLES = tuple(table for projector in PROJECTORS for table in projector.tables)
"""Everything that is folded from events."""

_BYTES = " + ".join(
    f"coalesce(length(CAST({column} AS BLOB)), 0)"
    for column in (
        "event_id", "stream_id", "event_type", "occurred_at", "command_id", "causation_event_id", "correlation_id",
        "payload_json", "metadata_json",
    )
)  # fmt: skip
_ALL = f"SELECT coalesce(max(sequence), 0), coalesce(sum({_BYTES}), 0) FROM orchestration_events"
_LONE = (
    "SELECT count(*) FROM orchestration_events WHERE sequence < (SELECT coalesce(min(first), 1) FROM event_runs)"
    " OR sequence > (SELECT coalesce(max(last), 0) FROM event_runs)"
)
"""Events that are in no run; of those that are, the newest of each stream is a row as well."""
_SEALED = "SELECT CAST(coalesce(sum(last - first + 1), 0) AS bigint), coalesce(sum(length(bytes)), 0) FROM event_runs"
"""Cast, for PostgreSQL sums what may be large to a decimal number, which is none that it takes again as a count."""
_NEWEST = "SELECT max(sequence) FROM orchestration_events GROUP BY aggregate_kind, stream_id"
_KEPT = f"SELECT count(*), coalesce(sum({_BYTES}), 0) FROM orchestration_events WHERE sequence IN ({_NEWEST})"
_REMOVE = f"DELETE FROM orchestration_events WHERE sequence NOT IN ({_NEWEST})"
_BASELINE_BYTES = "SELECT coalesce(sum(length(row_lines)), 0) FROM baseline_pieces"
_LAST_AT = "SELECT occurred_at FROM orchestration_events WHERE sequence = ?"
_NOTE = (
    "INSERT INTO log_compactions (through_sequence, through_at, compacted_at, events_removed)"
    " VALUES (?, ?, ?, ?)"
)


class CompactedLog(msgspec.Struct, frozen=True, kw_only=True):
    """What a compaction of the event log removed, or would remove in a dry run.

    Bytes are what the rows of events and baseline hold; SQLite adds its pages and indexes.
    """

    dry_run: bool
    through_sequence: int
    """The last event in the baseline: `replay(from_sequence_exclusive=through_sequence)` goes on from it."""
    events_before: int
    events_after: int
    bytes_before: int
    bytes_after: int
    free_bytes: int
    """Unused in the store's file by now: what is written next goes there; `VACUUM` would make the file smaller."""

    @property
    def events_removed(self) -> int:
        """How many events went, or would go."""
        return self.events_before - self.events_after


def survey(execute: Execute) -> CompactedLog:
    """What a compaction would do; writes nothing. Events that are not folded yet count as if they were."""
    found = _present(execute)
    if not found.events_removed:
        return found
    base = sum(len(lines) for _, _, lines in compaction_baseline.pieces(execute, TABLES))
    return msgspec.structs.replace(found, bytes_after=found.bytes_after + base)


def compact_log(
    execute: Execute, read_events: ReadEvents, *, now_iso: str, executemany: ExecuteMany | None = None
) -> CompactedLog:
    """Remove the events whose effect is folded, once all of them are; in the caller's transaction, which must be whole.

    Where there is nothing to remove nothing is written.
    """
    last = catch_up(execute, read_events, executemany=executemany)
    found = msgspec.structs.replace(_present(execute), dry_run=False)
    if not found.events_removed:
        return found
    compaction_baseline.keep(execute, TABLES)
    last_at = execute(_LAST_AT, (last,)).fetchone()[0]
    execute(_REMOVE)
    execute("DELETE FROM event_runs")
    execute(_NOTE, (last, last_at, now_iso, found.events_removed))
    row_digests.put(execute, "orchestration_events", "log_compactions", "baseline_pieces")
    base = execute(_BASELINE_BYTES).fetchone()[0]
    return msgspec.structs.replace(
        found, bytes_after=found.bytes_after + base, free_bytes=_free_bytes(execute)
    )


def _present(execute: Execute) -> CompactedLog:
    """What is there, and of it the events that stay; their bytes without a new baseline."""
    last, held = execute(_ALL).fetchone()
    sealed, packed = execute(_SEALED).fetchone()
    events, held = sealed + execute(_LONE).fetchone()[0], held + packed
    kept, kept_bytes = execute(_KEPT).fetchone()
    base = execute(_BASELINE_BYTES).fetchone()[0]
    return CompactedLog(
        dry_run=True,
        through_sequence=last if kept < events else compaction_baseline.start(execute).sequence,
        events_before=events,
        events_after=kept,
        bytes_before=held + base,
        bytes_after=kept_bytes if kept < events else held + base,
        free_bytes=_free_bytes(execute),
    )


def _free_bytes(execute: Execute) -> int:
    pages: int = execute("PRAGMA freelist_count").fetchone()[0]
    page_bytes: int = execute("PRAGMA page_size").fetchone()[0]
    return pages * page_bytes
