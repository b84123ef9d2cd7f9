"""What a `send` costs: in memory, with the store, and with the document a hundred times as large."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from pycrdt import Doc, Map

from benchmarks.data import ManualClock, facts, text
from benchmarks.measure import Result, compare, typical
from benchmarks.sizes import sized
from chatdoc.crdt.keys import encode
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.facts import Header

SENDS = 400


def results() -> Iterator[Result]:
    yield in_memory()
    yield from against_size()
    with _folder() as folder:
        yield stored(folder)
        yield durable(folder)
    yield checks()


def in_memory() -> Result:
    """Against the bare thing: one JSON text into a Y map, in its own transaction, its observer keeping the update."""
    document = memory_document(clock=ManualClock(), random=random.Random(1).randbytes, facts=facts(1000))
    return compare(
        "send in memory / bare observed insert",
        sender(document),
        bare_insert(),
        goal=4.0,
        unit="µs",
        rounds=9,
    )


def against_size() -> Iterator[Result]:
    """Against itself in a document of 1,000 messages."""
    small = memory_document(clock=ManualClock(), random=random.Random(1).randbytes, facts=facts(1_000))
    large = memory_document(
        clock=ManualClock(), random=random.Random(1).randbytes, facts=facts(sized(100_000))
    )
    yield compare(
        "send at 100,000 / at 1,000, in memory", sender(large), sender(small), goal=1.2, unit="µs", rounds=15
    )
    with _folder() as one, _folder() as other:
        small, large = _stored_document(one, 1_000), _stored_document(other, sized(100_000))
        yield compare(
            "send at 100,000 / at 1,000, stored", sender(large), sender(small), goal=1.2, unit="µs", rounds=15
        )
        small.close()
        large.close()


def stored(folder: Path) -> Result:
    """Against a bare insert and one SQLite insert in its own transaction, both at synchronous NORMAL.

    The goal was set when a `send` stored its update alone; it now tells the event log and folds its rows in the same
    transaction, which `events.py` measures against as many inserts.
    """
    document = _stored_document(folder, 1_000)
    insert = bare_insert(_bare_sqlite(folder / "bare.sqlite3", "NORMAL"))
    result = compare(
        "stored send / insert + SQLite, NORMAL", sender(document), insert, goal=2.5, unit="µs", rounds=9
    )
    document.close()
    return result


def durable(folder: Path) -> Result:
    """The same at synchronous FULL, where both sides wait for the disk once."""
    document = _stored_document(folder / "full", 1_000, durability="full")
    insert = bare_insert(_bare_sqlite(folder / "bare-full.sqlite3", "FULL"))
    result = compare(
        "stored send / insert + SQLite, FULL", sender(document), insert, goal=2.5, unit="µs", rounds=7
    )
    document.close()
    return result


def checks() -> Result:
    """The two checks of a stored `send` against the whole of it."""
    with _folder() as folder:
        document = _stored_document(folder, sized(10_000))
        checker = document.engine.copy.checker
        spent: list[float] = []

        def timed(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
            def run(delta: Any) -> Any:
                start = perf_counter()
                answer = check(delta)
                spent.append(perf_counter() - start)
                return answer

            return run

        send = sender(document)
        whole = median(send() for _ in range(5))
        checker.preview = timed(checker.preview)  # type: ignore[method-assign, assignment]
        checker.follow = timed(checker.follow)  # type: ignore[method-assign, assignment]
        send()
        document.close()
    both = median(first + second for first, second in zip(spent[::2], spent[1::2], strict=True))
    return Result(name="both checks / stored send", ours=both, baseline=whole, goal=0.1, unit="µs")


def sender(document: Document) -> Callable[[], float]:
    """Seconds for one `send`, the median of a few hundred."""
    thread = document.threads()[0].thread_id
    content = text(1)
    return lambda: typical(lambda: document.send(thread, sender_id="ada", content=content), SENDS)


def bare_insert(store: Callable[[bytes], None] | None = None) -> Callable[[], float]:
    """Seconds for one JSON text set in a Y map, observed, and stored where a store is given; a median too."""
    doc: Doc[Any] = Doc()
    shared: Map[str] = doc.get("message", type=Map)
    updates: list[bytes] = []
    changes: list[Any] = []
    doc.observe(lambda event: updates.append(event.update))
    shared.observe(lambda event: changes.append(event.keys))
    header = next(fact for fact in facts(2) if isinstance(fact, Header))
    _, _, value = encode(header)
    serial = count()

    def insert() -> None:
        shared[f"01ARZ3NDEKTSV4RRFFQ69G5FAV/{next(serial):016d}"] = value
        if store is not None:
            store(updates[-1])
        updates.clear()
        changes.clear()

    return lambda: typical(insert, SENDS)


def _bare_sqlite(path: Path, synchronous: str) -> Callable[[bytes], None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("CREATE TABLE updates (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL)")

    def store(update: bytes) -> None:
        connection.execute("INSERT INTO updates (payload) VALUES (?)", (update,))

    return store


def _stored_document(folder: Path, count: int, durability: str = "normal") -> Document:
    from benchmarks.stored import stored_document

    return stored_document(folder, count, durability)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        yield Path(name)
