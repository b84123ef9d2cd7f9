"""What importing session logs costs: finding them, reading them, going on with them, and how much memory that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Result, compare, seconds, typical
from benchmarks.session_logs import codex_lines, folder_of_logs
from benchmarks.sizes import sized
from chatdoc.apps.importer.discover import discover
from chatdoc.apps.importer.documents import Documents, Target
from chatdoc.apps.importer.read_log import LogFiles
from chatdoc.open import open_document
from chatdoc.store.session_index.index import SessionIndex
from migrate.session.log import LogReader, begin
from migrate.session.weave import LogWeaver

LOGS = sized(1000)
BIG_LOG_MB = sized(50_000) // 100
MEMORY_MAX = 150 * 1024 * 1024


def results() -> Iterator[Result]:
    """Every line of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder_of_logs(folder / "logs", LOGS)
        yield from _discovery(folder / "logs")
    yield from _parsing()
    yield _deep_parse()
    yield _appending()
    yield _boundary()
    yield _memory()


def _discovery(folder: Path) -> Iterator[Result]:
    def ours() -> None:
        found = list(discover([folder], lambda *_: None, _fail))
        assert len(found) == LOGS
        assert all(one.source == "codex" for one in found)

    def bare() -> None:
        for home in os.scandir(folder):
            for entry in os.scandir(home.path):
                entry.stat()
                with open(entry.path, "rb") as file:
                    file.readline()

    yield compare(
        f"discover {LOGS:,} logs / scandir, stat and first line",
        lambda: seconds(ours),
        lambda: seconds(bare),
        goal=2.5,
        unit="ms",
    )
    best = min(seconds(ours) for _ in range(5))
    yield Result(
        name=f"discover {LOGS:,} logs / the plan's 150 ms", ours=best, baseline=0.15, goal=1.0, unit="ms"
    )


def _parsing() -> Iterator[Result]:
    lines = codex_lines(200)

    def ours() -> None:
        reader = LogReader(begin("codex"))
        for line in lines:
            reader.feed(line)

    def bare() -> None:
        for line in lines:  # Neither side keeps what it made.
            json.loads(line)

    yield compare(
        f"parse {len(lines):,} lines to typed records, accounted / json.loads",
        lambda: seconds(ours),
        lambda: seconds(bare),
        goal=0.4,
        unit="ms",
        rounds=9,
    )


def _deep_parse() -> Result:
    lines = codex_lines(25)

    def ours() -> None:
        weaver = LogWeaver.start("codex", "one")
        for line in lines:
            weaver.feed(line)
        weaver.end()

    took = typical(ours, 15)
    return Result(
        name=f"a session of {len(lines)} lines to facts / 35 ms",
        ours=took,
        baseline=0.035,
        goal=1.0,
        unit="ms",
    )


def _appending() -> Result:
    """One line appended to a log of 500 lines, and to one 40 times as long."""
    took = [_append(turns) for turns in (25, sized(1000))]
    return Result(
        name="index an appended line, log of 20,000 / of 500 lines",
        ours=took[1],
        baseline=took[0],
        goal=1.5,
        unit="ms",
    )


def _append(turns: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "one.jsonl"
        log.write_bytes(b"".join(codex_lines(turns)))
        more = iter(codex_lines(100, seed=9)[4:])
        with SessionIndex.open(folder) as index, Documents() as documents:
            files = LogFiles(index, Target(folder / "one.chat"), documents, clock=lambda: 0)

            def take() -> None:
                (found,) = discover([log], files.known_source, _fail)
                assert found.source is not None
                files.take(found, found.source)

            take()
            documents.save()

            def grow() -> None:
                with log.open("ab") as file:
                    file.write(next(more))
                take()

            return typical(grow, 40)


def _boundary() -> Result:
    """One boundary of a turn in a thread of 20 turns, and in one of 50 times as many."""
    took = [_write_boundary(turns) for turns in (20, sized(1000))]
    return Result(
        name=f"write a boundary to a transcript of {sized(1000):,} / of 20 turns",
        ours=took[1],
        baseline=took[0],
        goal=5.0,
        unit="ms",
        note="the file is written whole",
    )


def _write_boundary(turns: int) -> float:
    with tempfile.TemporaryDirectory() as name, open_document(Path(name) / "one.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Plan").thread_id

        def run(count: int) -> None:
            for _ in range(count):
                question = document.send(thread, sender_id="ada", content="Why? " * 40)
                turn = document.start_turn(thread, sender_id="codex", answers=question.message_id)
                turn.append("Because " * 100)
                turn.finalize()

        document.group.together(lambda: run(turns))
        kept = document.transcripts(name)
        run(1)
        took = []
        for _ in range(20):
            turn = document.start_turn(thread, sender_id="codex")
            turn.append("Because " * 100)
            turn.flush()
            kept.leave()  # So that what the document itself costs is not counted.
            turn.finalize()
            took.append(seconds(kept.catch_up))
            kept = document.transcripts(name)
        kept.close()
        return sorted(took)[len(took) // 2]


def _memory() -> Result:
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "big.jsonl"
        block = b"".join(codex_lines(50))
        with log.open("wb") as file:
            for _ in range(BIG_LOG_MB * 1024 * 1024 // len(block) + 1):
                file.write(block)
        done = subprocess.run(
            [sys.executable, "-c", _READ, str(log)], capture_output=True, encoding="utf-8", check=True
        )
        return Result(
            name=f"memory while reading a log of {BIG_LOG_MB} MB / 150 MB",
            ours=float(done.stdout),
            baseline=MEMORY_MAX,
            goal=1.0,
            unit="B",
        )


_READ = """
import sys
from migrate.session.weave import LogWeaver
weaver = LogWeaver.start("codex", "one")
with open(sys.argv[1], "rb") as file:
    for number, line in enumerate(file):
        weaver.feed(line)
        if number % 2000 == 0:
            weaver.woven.take()
weaver.end()
with open("/proc/self/status") as status:  # What getrusage says begins with the memory of who started this process.
    print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
"""


def _fail(error: OSError) -> None:
    raise error
