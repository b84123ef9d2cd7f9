"""What the event log costs: a command with all it leaves behind, the millionth event, a rebuild, a point read."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec

from benchmarks.data import text
from benchmarks.measure import Result, compare, seconds, typical
from benchmarks.peers import sourced
from benchmarks.send import bare_insert
from benchmarks.sizes import sized
from benchmarks.stored import stored_document
from chatdoc.document import Document
from chatdoc.store.sqlite import schema
from chatdoc.testing.white_box import execute_of

COMMANDS = 400
MILLION = sized(1_000_000)
REBUILT = sized(50_000)

PLAIN = (
    "CREATE TABLE updates (position INTEGER PRIMARY KEY, origin TEXT, recorded_at_ms INTEGER, digest BLOB, bytes BLOB)",
    """CREATE TABLE orchestration_events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT, aggregate_kind TEXT, stream_id TEXT,
        stream_version INTEGER, event_type TEXT, occurred_at TEXT, command_id TEXT, causation_event_id TEXT,
        correlation_id TEXT, actor_kind TEXT, payload_json TEXT, metadata_json TEXT, digest BLOB)""",
    """CREATE TABLE orchestration_command_receipts (
        command_id TEXT PRIMARY KEY, aggregate_kind TEXT, aggregate_id TEXT, accepted_at TEXT,
        result_sequence INTEGER, status TEXT, error TEXT, command_digest TEXT, result BLOB,
        update_sequence INTEGER, digest BLOB)""",
)
"""Three tables with the columns of ours and their primary keys, and no other index."""


def results() -> Iterator[Result]:
    with TemporaryDirectory(prefix="chatdoc-bench-") as name:
        folder = Path(name)
        yield from commands(folder / "normal", "normal")
        yield from commands(folder / "full", "full")
        yield beside_eventsourcing(folder / "sourced")
        yield point_read(folder / "read")
        yield rebuilding(folder / "rebuilt")
        yield millionth(folder / "million")


def commands(folder: Path, durability: str) -> Iterator[Result]:
    """Decide, check, Y transaction, update, event, folded rows and receipt; against an insert and three more."""
    document = stored_document(folder, 1_000, durability)
    plain = bare_insert(three_inserts(folder / "plain.sqlite3", durability, PLAIN))
    ours = with_receipt(document)
    if durability == "full":
        normal = stored_document(folder.with_name("beside"), 1_000, "normal")
        yield Result(
            name="command, FULL / command, NORMAL, and one fsync",
            **_pairs(ours, _and_fsync(with_receipt(normal), folder / "synced")),
            goal=1.2,
            unit="µs",
        )
        normal.close()
    else:
        yield compare("command / insert + 3 inserts", ours, plain, goal=3.0, unit="µs", rounds=9)
        keyed = bare_insert(three_inserts(folder / "keyed.sqlite3", durability, contract()))
        yield compare(
            "command / insert + 3 inserts into tables indexed like ours",
            ours,
            keyed,
            goal=3.0,
            unit="µs",
            rounds=9,
        )
    document.close()


def beside_eventsourcing(folder: Path) -> Result:
    """Against one event of one aggregate, saved by `eventsourcing` into SQLite."""
    document = stored_document(folder, 1_000, "normal")
    result = compare(
        "command / one event of `eventsourcing`",
        with_receipt(document),
        sourced(folder / "sourced.sqlite3", COMMANDS),
        goal=1.0,
        unit="µs",
        rounds=5,
    )
    document.close()
    return result


def point_read(folder: Path) -> Result:
    """One message by its id, against the same SELECT on a bare connection."""
    document = stored_document(folder, sized(10_000), "normal")
    ids = [one.message_id for one in document.messages(document.threads()[0].thread_id)]
    turns = count()
    assert document.store_path is not None, "a document in a folder has a store"
    bare = sqlite3.connect(document.store_path)
    question = "SELECT * FROM projection_thread_messages WHERE message_id = ?"
    result = compare(
        "point read / the same SELECT",
        lambda: typical(lambda: document.log.message(ids[next(turns) % len(ids)]), 2_000),
        lambda: typical(lambda: bare.execute(question, (ids[next(turns) % len(ids)],)).fetchone(), 2_000),
        goal=2.0,
        unit="µs",
        rounds=9,
    )
    bare.close()
    document.close()
    return result


def rebuilding(folder: Path) -> Result:
    """All folded rows anew, an event; against a bare loop that inserts as many rows."""
    document = stored_document(folder, REBUILT, "normal")
    events = document.snapshot().snapshot_sequence
    bare = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = NORMAL")
    bare.execute(schema_of("projection_thread_messages"))
    rows = execute_of(document)("SELECT * FROM projection_thread_messages").fetchall()

    def inserting() -> None:
        bare.execute("BEGIN")
        bare.execute("DELETE FROM projection_thread_messages")
        for row in rows:
            bare.execute("INSERT INTO projection_thread_messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        bare.execute("COMMIT")

    result = compare(
        "rebuild, an event / bare insert loop, a row",
        lambda: seconds(document.log.rebuild) / events,
        lambda: seconds(inserting) / len(rows),
        goal=5.0,
        unit="µs",
        rounds=5,
    )
    bare.close()
    document.close()
    return result


def millionth(folder: Path) -> Result:
    """A command in a log of a million events, against one in a log of a thousand."""
    small = stored_document(folder / "small", 1_000, "normal")
    large = stored_document(folder / "large", 1_000, "normal")
    grow(large, MILLION)
    result = compare(
        "command after 1,000,000 events / after 1,000",
        with_receipt(large),
        with_receipt(small),
        goal=1.2,
        unit="µs",
        rounds=9,
    )
    small.close()
    large.close()
    return result


def with_receipt(document: Document) -> Callable[[], float]:
    """Seconds for one `send` under a command id, the median of a few hundred."""
    thread = document.threads()[0].thread_id
    content = text(1)
    serial = count()
    source = random.Random(5)

    def send() -> None:
        command_id = f"{next(serial):08x}-{source.getrandbits(64):016x}"
        document.send(thread, sender_id="ada", content=content, command_id=command_id)

    return lambda: typical(send, COMMANDS)


def contract() -> tuple[str, ...]:
    """The statements that make our three tables with all their indexes."""
    wanted = ("updates", "orchestration_events", "orchestration_command_receipts")
    connection = sqlite3.connect(":memory:")
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    found = connection.execute(
        f"SELECT sql FROM sqlite_master WHERE tbl_name IN {wanted} AND sql NOT NULL ORDER BY type DESC"
    ).fetchall()
    connection.close()
    return tuple(sql for (sql,) in found)


def schema_of(table: str) -> str:
    """The statement that makes one of our tables."""
    connection = sqlite3.connect(":memory:")
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    connection.close()
    return str(sql)


def three_inserts(path: Path, durability: str, statements: tuple[str, ...]) -> Callable[[bytes], None]:
    """Stores an update, one event and one receipt in one transaction, each with one statement."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {durability}")
    for statement in statements:
        connection.execute(statement)
    payload = msgspec.json.encode({"messageId": "m" * 26, "role": "user", "text": text(1)}).decode()
    result, digest, at = b"x" * 420, b"d" * 32, "2026-01-01T00:00:00.000Z"
    numbers, source = count(1), random.Random(6)

    def store(update: bytes) -> None:
        number = next(numbers)
        command_id, stream = f"{number:08x}-{source.getrandbits(64):016x}", "t" * 26
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO updates VALUES (?, ?, ?, ?, ?)", (number, command_id, number, digest, update)
        )
        connection.execute(
            "INSERT INTO orchestration_events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"{number:026d}", "thread", stream, number, "thread.message-sent", at, command_id, None,
                command_id, "client", payload, '{"origin":"local"}', digest,
            ),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO orchestration_command_receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                command_id, "thread", stream, at, number, "accepted", None, "d" * 64, result, number, digest,
            ),
        )  # fmt: skip
        connection.execute("COMMIT")

    return store


def grow(document: Document, events: int) -> None:
    """Put so many events, and the rows folded from them, into other threads of a document's log."""
    assert document.store_path is not None, "a document in a folder has a store"
    first = document.log.last_sequence() + 1
    at, payload = "2026-01-01T00:00:00.000Z", '{"threadId":"t","messageId":"m","role":"user","text":"Hi"}'
    connection = sqlite3.connect(document.store_path)
    with (
        connection
    ):  # Their digests are none: nobody reads them, and what comes later is chained to the last one.
        connection.executemany(
            "INSERT INTO orchestration_events VALUES (?, ?, 'thread', ?, ?, 'thread.message-sent', ?, NULL, NULL,"
            " NULL, 'server', ?, '{}', zeroblob(32))",
            ((first + n, f"{n:026d}", f"{n % 5000:026d}", n // 5000, at, payload) for n in range(events)),
        )
        connection.executemany(
            "INSERT INTO projection_thread_messages VALUES (?, ?, NULL, 'user', 'Hi', 0, ?, ?)",
            ((f"{n:026d}", f"{n % 5000:026d}", at, at) for n in range(events)),
        )
        connection.execute("UPDATE projection_state SET last_applied_sequence = ?", (first + events - 1,))
    connection.close()


def _pairs(ours: Callable[[], float], other: Callable[[], float]) -> dict[str, object]:
    pairs = [(ours(), other()) for _ in range(7)]
    return {"ours": median(one for one, _ in pairs), "baseline": median(two for _, two in pairs)}


def _and_fsync(work: Callable[[], float], path: Path) -> Callable[[], float]:
    """What some work takes, and one append of 80 KB with an fsync besides."""

    def synced() -> float:
        spent = []
        with path.open("ab") as file:
            for _ in range(100):
                file.write(b"x" * 80_000)
                file.flush()
                start = perf_counter()
                os.fsync(file.fileno())
                spent.append(perf_counter() - start)
        path.unlink()
        return work() + median(spent)

    return synced
