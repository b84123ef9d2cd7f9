"""What daily work costs beside its plainest form: pages, groups, edits, saving, start-up, folders, bytes on disk."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from pycrdt import Doc, Map

from benchmarks.data import ManualClock, text
from benchmarks.measure import Result, compare, seconds, typical
from benchmarks.sizes import repeated, sized
from benchmarks.stored import stored_document
from chatdoc import Document, Workspace, open_document, read_document
from chatdoc.compact import compact
from chatdoc.in_memory import memory_document
from chatdoc.workspace import log_of

COUNT = sized(100_000)
DISK = sized(10_000)
DOCUMENTS = sized(100)
GROUP = 50


def results() -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        folder = Path(name)
        yield from _in_memory()
        yield _groups(folder / "groups")
        yield from _large(folder / "large")
        yield from _disk(folder / "disk")
        yield from _folders(folder)
        yield _help()


def _in_memory() -> Iterator[Result]:
    document = memory_document(clock=ManualClock(), random=random.Random(1).randbytes)
    thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    ids = [document.send(thread_id, sender_id="ada", content="Hi").message_id for _ in range(sized(2_000))]
    serial = count()
    works: dict[str, Callable[[], object]] = {
        "send": lambda: document.send(thread_id, sender_id="ada", content=text(1)),
        "edit": lambda: document.edit(ids[next(serial) % len(ids)], author_id="ada", content="Ho"),
        "configure": lambda: document.configure(thread_id, updated_by="ada", name=f"{next(serial)}"),
    }
    documented: dict[str, Callable[[], object]] = dict(zip(works, _documented(), strict=True))
    for what, goal in (("send", 1.0), ("edit", 2.0), ("configure", 2.0)):
        yield compare(
            f"{what} in memory / documented pycrdt",
            lambda what=what: typical(works[what], 1_000),  # type: ignore[misc]
            lambda what=what: typical(documented[what], 1_000),  # type: ignore[misc]
            goal=goal,
            unit="µs",
        )


def _documented() -> Iterator[Callable[[], object]]:
    """The same as pycrdt's documentation shows it: a map of maps that is observed."""
    doc: Doc[Any] = Doc()
    messages: Map[Any] = doc.get("messages", type=Map)
    seen: list[Any] = []
    messages.observe_deep(lambda events: seen.append(len(events)))
    doc.observe(lambda event: seen.append(event.update))
    serial = count()

    def send() -> None:
        key = f"{next(serial):026d}"
        messages[key] = Map(
            {"sender_id": "ada", "content": text(1), "date": "2026-01-01T00:00:00.000Z", "id": key}
        )
        seen.clear()

    def edit() -> None:
        messages[f"{0:026d}"]["content"] = f"{next(serial)}"
        seen.clear()

    send()
    yield send
    yield edit
    yield edit


def _groups(folder: Path) -> Result:
    document = stored_document(folder, 1_000, "full")
    thread_id = document.threads()[0].thread_id
    line = text(1).encode() * 2

    def ours() -> float:
        def send() -> None:
            for _ in range(GROUP):
                document.send(thread_id, sender_id="ada", content=text(1))

        return typical(lambda: document.group.together(send), 30) / GROUP

    with open(folder / "plain", "ab", buffering=0) as file:

        def plain() -> float:
            def write() -> None:
                file.write(line * GROUP)
                os.fsync(file.fileno())

            return typical(write, 30) / GROUP

        result = compare("a send in groups of 50, FULL / write + fsync", ours, plain, goal=5.0, unit="µs")
    document.close()
    return result


def _large(folder: Path) -> Iterator[Result]:
    document = stored_document(folder, COUNT, "normal")
    assert document.path is not None
    path, thread_id = document.path, document.threads()[0].thread_id
    document.close()

    def opened() -> float:
        found: list[Document] = []
        spent = seconds(
            lambda: found.append(open_document(path, clock=ManualClock(), random=random.randbytes))
        )
        found[0].close()
        return spent

    def page() -> None:
        with log_of(path) as log:
            assert len(log.messages(thread_id, limit=50)) == 50

    def listed() -> None:
        with log_of(path) as log:
            assert log.threads()

    read = lambda: seconds(lambda: read_document(path))  # noqa: E731
    yield compare("read_document / open, 100,000", read, opened, goal=1.3, unit="ms")
    yield compare(
        "last 50 of 100,000 from a cold log / open", lambda: seconds(page), opened, goal=0.15, unit="ms"
    )
    yield compare(
        "threads of 100,000, listed cold / 20 ms", lambda: seconds(listed), lambda: 0.02, goal=1.0, unit="ms"
    )
    with open_document(path, clock=ManualClock(), random=random.randbytes, durability="normal") as again:
        again.messages(thread_id, limit=50)
        warm = lambda: typical(lambda: again.messages(thread_id, limit=50), 200)  # noqa: E731
        yield compare("last 50 of 100,000, warm / 1 ms", warm, lambda: 0.001, goal=1.0, unit="ms")

        def saved() -> float:
            again.send(thread_id, sender_id="ada", content="x")
            return seconds(again.save)

        whole = path.read_bytes()

        def written() -> float:
            def write() -> None:
                with open(folder / "beside", "wb") as file:
                    file.write(whole)
                    file.flush()
                    os.fsync(file.fileno())

            return seconds(write)

        yield compare("save after one send, 100,000 / write + fsync", saved, written, goal=1.3, unit="ms")


def _disk(folder: Path) -> Iterator[Result]:
    """As it is written, with nothing sealed, and then sealed: closing a document of so many would seal it by itself."""
    folder.mkdir()
    os.environ["CHATDOC_COMPACT"] = "0"
    words, spoken = random.Random(1), 0
    vocabulary = [f"{words.randrange(16**5):x}" for _ in range(3_000)]
    with open_document(
        folder / "a.chat", clock=ManualClock(), random=words.randbytes, durability="normal"
    ) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(DISK):
            content = " ".join(words.choices(vocabulary, k=34))[:201]
            spoken += len(content)
            document.send(thread_id, sender_id="ada", content=content, command_id=f"command-{number:08d}")
    del os.environ["CHATDOC_COMPACT"]
    yield Result(
        "bytes on disk of 10,000 messages with command ids / their text", _size(folder), spoken, 6.0, "B"
    )
    compact(folder)
    yield Result("the same after `chatdoc compact` / their text", _size(folder), spoken, 4.0, "B")


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def _folders(folder: Path) -> Iterator[Result]:
    rows = 100
    for name, documents, each in (("many", DOCUMENTS, rows), ("one", 1, rows * DOCUMENTS)):
        (folder / name).mkdir()
        for number in range(documents):
            path = folder / name / f"{number}.chat"
            with open_document(
                path, clock=ManualClock(), random=random.randbytes, durability="normal"
            ) as document:
                thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
                document.group.together(
                    lambda: [
                        document.send(thread_id, sender_id="ada", content=text(1))  # noqa: B023
                        for _ in range(each)  # noqa: B023
                    ]
                )
    with Workspace(folder / "many") as many, Workspace(folder / "one") as one:
        yield compare(
            "snapshot of 100 documents / of one with the same rows",
            lambda: typical(many.snapshot, 5),
            lambda: typical(one.snapshot, 5),
            goal=2.0,
            unit="ms",
        )
        yield compare(
            "events of 100 documents / of one with the same rows",
            lambda: seconds(lambda: sum(1 for _ in many.events())),
            lambda: seconds(lambda: sum(1 for _ in one.events())),
            goal=2.0,
            unit="ms",
        )


def _help() -> Result:
    def run(*arguments: str) -> float:
        return typical(
            lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True), 10
        )

    assert repeated(1) >= 1
    return compare(
        "chatdoc --help / python -c 'import click'",
        lambda: run("-m", "chatdoc.apps.cli.main", "--help"),
        lambda: run("-c", "import click"),
        goal=3.0,
        unit="ms",
        rounds=3,
    )
