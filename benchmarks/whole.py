"""What whole pieces of work cost: two replicas merged, a file migrated, an answer streamed, a small file opened."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.data import ManualClock, facts, legacy, text
from benchmarks.measure import Result, compare, seconds, typical
from benchmarks.sizes import sized
from chatdoc import Document, open_document
from chatdoc.compact import compact
from chatdoc.in_memory import memory_document

SHARED, OWN = sized(5_000), sized(1_000)
ROWS = sized(100_000)
ANSWER = 80_000
PIECE = 40


def results() -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        folder = Path(name)
        yield _merged()
        yield from _streamed(folder / "streamed")
        yield from _migrated(folder / "migrated")
        yield _opened(folder / "opened")


def _merged() -> Result:
    def ours() -> float:
        replicas = [
            memory_document(clock=ManualClock(), random=random.Random(seed).randbytes, facts=facts(SHARED))
            for seed in (1, 2)
        ]
        for replica in replicas:
            thread_id = replica.threads()[0].thread_id
            replica.group.together(lambda: _send(replica, thread_id))  # noqa: B023
        one, other = replicas

        def merge() -> None:
            one.receive(other.diff(one.state_vector()))
            other.receive(one.diff(other.state_vector()))

        spent = seconds(merge)
        assert one.text() == other.text()
        return spent

    return compare(
        "merge two replicas of 5,000 that each wrote 1,000, all rules on / loro",
        ours,
        _loro(),
        goal=1.0,
        unit="ms",
    )


def _send(replica: Document, thread_id: str) -> None:
    for number in range(OWN):
        replica.send(thread_id, sender_id="ada", content=text(number))


def _loro() -> Callable[[], float]:
    try:
        from loro import ExportMode, LoroDoc
    except ImportError as error:
        raise SystemExit(
            "this benchmark needs `pip install 'chatdoc[bench]'`; `make bench` does that"
        ) from error

    def write(doc: Any, numbers: range) -> None:
        messages = doc.get_map("messages")
        for number in numbers:
            messages.insert(f"{number:026d}", {"sender_id": "ada", "content": text(number), "date": "2026"})
        doc.commit()

    def merged() -> float:
        one, other = LoroDoc(), LoroDoc()
        write(one, range(SHARED))
        other.import_(one.export(ExportMode.Snapshot()))
        write(one, range(SHARED, SHARED + OWN))
        write(other, range(SHARED + OWN, SHARED + 2 * OWN))

        def merge() -> None:
            one.import_(other.export(ExportMode.Updates(one.oplog_vv)))
            other.import_(one.export(ExportMode.Updates(other.oplog_vv)))
            assert len(one.get_deep_value()["messages"]) == len(other.get_deep_value()["messages"])

        return seconds(merge)

    return merged


def _streamed(folder: Path) -> Iterator[Result]:
    """An answer as its agent speaks it, at the pace turns have; and in pieces of ten words, each flushed."""
    folder.mkdir()
    words = " ".join(text(number) for number in range(ANSWER // 150))[:ANSWER]
    for flushed in (False, True):
        with open_document(
            folder / f"{flushed}.chat",
            clock=ManualClock(),
            random=random.Random(1).randbytes,
            durability="normal",
        ) as document:
            thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
            _checkpoint(document)
            before = _store(document)
            turn = document.start_turn(thread_id, sender_id="codex")
            for place in range(0, ANSWER, PIECE * 10):
                turn.append(words[place : place + PIECE * 10])
                if flushed:
                    turn.flush()
            turn.finalize()
            _checkpoint(document)
            name = f"an answer of 80 KB, streamed{', each ten words flushed' if flushed else ''}"
            goal = 7.0 if flushed else 2.0
            yield Result(
                f"{name}: what the store grew by / its text", _store(document) - before, ANSWER, goal, "B"
            )
            document.compact()
            _checkpoint(document)
            goal = 3.0 if flushed else 1.2
            yield Result(
                f"{name}, once it is sealed / its text", _store(document) - before, ANSWER, goal, "B"
            )


def _checkpoint(document: Document) -> None:
    import sqlite3

    assert document.store_path is not None
    with sqlite3.connect(document.store_path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _store(document: Document) -> int:
    assert document.store_path is not None
    return document.store_path.stat().st_size


def _migrated(folder: Path) -> Iterator[Result]:
    source, runs = legacy(ROWS), []
    for number in range(5):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / f"old-{number}.sage-chat"
        path.write_bytes(source)
        command = [sys.executable, "-m", "chatdoc.apps.cli.main", "migrate", str(path)]
        runs.append(seconds(partial(subprocess.run, command, check=True, capture_output=True)))
    spent = median(runs)
    yield Result("migrate 100,000 rows by the command line / 2.5 s", spent, 2.5 * ROWS / 100_000, 1.0, "s")
    store = sum(one.stat().st_size for one in (folder / ".chatdoc").glob("*.sqlite3*"))
    yield Result("the store of 100,000 migrated rows / 25 MB", store, 25e6 * ROWS / 100_000, 1.0, "B")
    compact(folder)
    store = sum(one.stat().st_size for one in (folder / ".chatdoc").glob("*.sqlite3*"))
    yield Result("the same after `chatdoc compact` / 25 MB", store, 25e6 * ROWS / 100_000, 1.0, "B")


def _opened(folder: Path) -> Result:
    folder.mkdir()
    path = folder / "small.chat"
    path.write_bytes(legacy(20))
    command = [sys.executable, "-m", "chatdoc.apps.cli.main", "open", str(path)]
    run = lambda: subprocess.run(command, check=True, capture_output=True)  # noqa: E731
    run()
    return compare(
        "chatdoc open of a small file / 157 ms",
        lambda: typical(run, 5),
        lambda: 0.157,
        goal=1.0,
        unit="ms",
        rounds=3,
    )
