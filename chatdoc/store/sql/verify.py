"""Verification: everything stored is held against its digest, its place and what it was folded from; damage is a value.

| code | what is wrong |
| --- | --- |
| `damaged_page` | the database's own check of a page or an index |
| `missing_update`, `damaged_update` | an entry of the update log that is gone, or is not what was appended |
| `missing_event`, `damaged_event` | an event that is gone, or is not what was appended |
| `damaged_receipt` | the answer to a command that is not what was stored |
| `damaged_snapshot` | a shortcut past the update log that is not what was stored; the next one replaces it |
| `changed_record` | rows that are no log, or events that a compaction kept, are not what was written |
| `changed_rows` | a folded table that does not show what the log says |
| `lost_table` | a folded table that is not there; it is made again at the next opening for writing |
| `unreadable` | a part that cannot be read at all |
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import msgspec

from chatdoc.model.errors import ChatdocError, StoreDamaged
from chatdoc.model.events import codec
from chatdoc.store import row_digests
from chatdoc.store.memory.blank_tables import blank
from chatdoc.store.ports import Finding
from chatdoc.store.projections import fold
from chatdoc.store.projections.progress import TABLES, digests
from chatdoc.store.sql.database import Database
from chatdoc.store.sql.event_chain import HALF
from chatdoc.store.sql.event_log import SqlEventLog
from chatdoc.store.sql.receipts import SqlReceipts
from chatdoc.store.sql.registry import SqlRegistry
from chatdoc.store.sql.snapshots import SqlSnapshots
from chatdoc.store.sql.update_log import SqlUpdateLog

_PAGE = 500
_BASELINE = ("log_compactions", "baseline_pieces")


def verify(
    database: Database,
    updates: SqlUpdateLog,
    events: SqlEventLog,
    receipts: SqlReceipts,
    snapshots: SqlSnapshots,
    registry: SqlRegistry,
) -> list[Finding]:
    """Everything that is wrong with a store, as of one moment; reads all of it and writes nothing."""

    def all_of_it() -> list[Finding]:
        found: list[Finding] = []
        parts: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
            ("pages", lambda: _pages(database)),
            ("updates", lambda: _updates(updates)),
            ("events", lambda: _readable_events(events)),
            ("receipts", lambda: _receipts(receipts, updates, events)),
            ("snapshots", lambda: _snapshots(snapshots)),
            ("registration", lambda: _registry(registry)),
            ("row_digests", lambda: _digests(database)),
        )
        for name, look in parts:
            found += _of_part(name, look)
        if not any(one.code in ("missing_event", "damaged_event") for one in found):
            found += _of_part("projections", lambda: _rows(database, events))
        return found

    return database.at_one_moment(all_of_it, "be verified")


def _of_part(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except ChatdocError as error:
        yield Finding("unreadable", name, str(error))


def _pages(database: Database) -> Iterator[Finding]:
    yield from (Finding("damaged_page", "database", said) for said in database.catalog.damaged_pages())


def _updates(updates: SqlUpdateLog) -> Iterator[Finding]:
    expected = 1
    for sequence, is_true in updates.verified():
        if sequence > expected:
            yield _missing("update", expected, sequence - 1)
        if not is_true:
            yield Finding("damaged_update", f"update {sequence}", "is not what was appended")
        expected = sequence + 1
    if expected <= updates.floor():
        yield _missing("update", expected, updates.floor())


def _readable_events(events: SqlEventLog) -> Iterator[Finding]:
    try:
        yield from _events(events)
    except StoreDamaged as error:  # A run that cannot be read: what comes after it cannot be held against it.
        yield Finding("damaged_event", "sealed events", str(error))


def _events(events: SqlEventLog) -> Iterator[Finding]:
    """Both chains from the first event on; events that a compaction kept have lost what they were chained to."""
    through, expected = events.compacted_through(), 1
    in_log: bytes = events.chain.first
    in_stream: dict[tuple[str, str], tuple[int, bytes]] = {}
    newest: dict[tuple[str, str], int] = {}
    while rows := events.rows_after(expected - 1, _PAGE):
        for *columns, digest in rows:
            sequence, kind, stream_id, version = columns[0], columns[2], columns[3], columns[4]
            where = f"event {sequence}"
            if sequence > max(expected, through + 1):
                yield _missing("event", max(expected, through + 1), sequence - 1)
            is_next = sequence == expected
            before = in_stream.get((kind, stream_id), (-1, events.chain.first))
            digest = digest if isinstance(digest, bytes) and len(digest) == 2 * HALF else bytes(2 * HALF)
            if sequence > through:
                is_true = not is_next or events.told(in_log, columns) == digest[HALF:]
                if before[0] + 1 == version:
                    is_true = is_true and events.told(before[1], columns) == digest[:HALF]
                elif is_next:
                    yield Finding(
                        "missing_event",
                        where,
                        f"is version {version} of {kind} {stream_id}, expected {before[0] + 1}",
                    )
                if not is_true:
                    yield Finding("damaged_event", where, "is not what was appended")
                elif not _is_readable(columns):
                    yield Finding("damaged_event", where, "cannot be read as its type promises")
            in_log, in_stream[kind, stream_id] = digest[HALF:], (version, digest[:HALF])
            newest[kind, stream_id] = sequence
            expected = sequence + 1
    if expected <= events.given_sequence():
        yield _missing("event", expected, events.given_sequence())
    for sequence in events.copies_that_differ():
        yield Finding("damaged_event", f"event {sequence}", "is not what was sealed")
    rows_of_streams = events.newest()
    for stream, sequence in newest.items():
        if rows_of_streams.get(stream) != sequence:  # From which the versions of its stream would go on.
            yield Finding(
                "missing_event", f"event {sequence}", f"is sealed, and no row of {' '.join(stream)}"
            )


def _receipts(receipts: SqlReceipts, updates: SqlUpdateLog, events: SqlEventLog) -> Iterator[Finding]:
    last_update, last_event = updates.last_sequence(), events.given_sequence()
    after = ""
    while rows := receipts.page(after):
        for row in rows:
            where, update, result = f"receipt of command {row[0]}", row[8], row[9]
            if receipts.read(row) is None:
                yield Finding("damaged_receipt", where, "is not what was stored")
            elif (update or 0) > last_update:
                yield Finding(
                    "missing_update", where, f"names update {update}, and the last one is {last_update}"
                )
            elif result > last_event:
                yield Finding(
                    "missing_event", where, f"names event {result}, and the last one is {last_event}"
                )
            after = row[0]


def _snapshots(snapshots: SqlSnapshots) -> Iterator[Finding]:
    if snapshots.is_damaged():
        yield Finding("damaged_snapshot", "snapshot of rows", "is not what was stored")


def _registry(registry: SqlRegistry) -> Iterator[Finding]:
    registry.registration()
    registry.markers()
    yield from ()


def _digests(database: Database) -> Iterator[Finding]:
    if "row_digests" not in database.catalog.names():
        yield Finding("lost_table", "row_digests", "is not there")
        return
    for where in database.ask(lambda execute: list(row_digests.changed(execute)), "read its digests"):
        yield Finding("changed_record", where, "is not what was written")


def _rows(database: Database, events: SqlEventLog) -> Iterator[Finding]:
    """The folded tables beside what they are when all events are folded into empty ones."""
    lost = set(TABLES) - database.catalog.names()
    yield from (Finding("lost_table", table, "is not there") for table in sorted(lost))
    if lost:
        return
    found = database.ask(digests, "read what is folded from its events")
    with contextlib.closing(blank()) as other:
        for table in _BASELINE:
            rows = database.rows(f"SELECT * FROM {table}", (), "read its baseline")
            if rows:
                other.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        if events.given_sequence():
            fold.catch_up(other.execute, events.read, executemany=other.executemany)
        true = digests(other.execute)
    for table, digest in found.items():
        if digest != true[table]:
            yield Finding("changed_rows", table, "does not show what the event log says")


def _is_readable(columns: list[object]) -> bool:
    try:
        codec.decode(columns)
    except (ChatdocError, msgspec.MsgspecError, TypeError):
        return False
    return True


def _missing(what: str, first: int, last: int) -> Finding:
    where = f"{what} {first}" if first == last else f"{what}s {first} to {last}"
    return Finding(f"missing_{what}", where, "not there any more")
