"""Lateness: how long after its answer another process has read a command, beside NOTIFY and LISTEN alone."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.bare_postgres import connected, opened
from chatdoc import open_document

PAUSE_S = 0.005
_TAIL = b"SELECT sequence, bytes FROM updates WHERE sequence > %s ORDER BY sequence"


def seen(kind: str, url: str, name: str, calls: int) -> list[float]:
    """Milliseconds from each answer until the other process has it: `engine`, or `pipelined` with a NOTIFY."""
    with open_document(f"{url}#{name}") as doc:
        thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
        doc.send(thread, sender_id="ada", content="Hi", command_id="copied")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    reader = context.Process(target=_READERS[kind], args=(url, name, theirs))
    reader.start()
    try:
        assert ours.recv() == "ready"
        found = []
        with _WRITERS[kind](url, name, thread) as write:
            for call in range(calls):
                answered = write(f"call-{call}")
                found.append((ours.recv() - answered) * 1000)
                time.sleep(PAUSE_S)
        return found[calls // 10 :]
    finally:
        ours.send("end")
        reader.join()


@contextmanager
def _engine(url: str, name: str, thread: str) -> Iterator[Callable[[str], float]]:
    with open_document(f"{url}#{name}") as doc:

        def write(command_id: str) -> float:
            doc.send(thread, sender_id="ada", content="Hi", command_id=command_id)
            return time.monotonic()

        yield write


@contextmanager
def _bare(url: str, name: str, thread: str) -> Iterator[Callable[[str], float]]:
    with connected(url) as telling, opened("pipelined", url, [name]) as commands:

        def write(command_id: str) -> float:
            commands[0](command_id)
            answered = time.monotonic()
            telling.execute("SELECT pg_notify('bare', 'more')")
            return answered

        yield write


def _read(url: str, name: str, told: Any) -> None:
    woken = threading.Event()
    with open_document(f"{url}#{name}") as doc:
        doc.subscribe(lambda update, origin: told.send(time.monotonic()))
        doc.engine.store.feed.call(woken.set)  # type: ignore[attr-defined]

        def read() -> None:
            while True:
                woken.wait()
                woken.clear()
                doc.view  # noqa: B018

        threading.Thread(target=read, daemon=True).start()
        told.send("ready")
        told.recv()


def _read_bare(url: str, name: str, told: Any) -> None:
    with connected(url) as connection, opened("pipelined", url, [name]):
        key = connection.execute("SELECT document FROM document_order WHERE name = %s", (name,)).fetchone()
        connection.execute("SELECT set_config('chatdoc.document', %s, false)", key)
        last = 0

        def tail() -> int:
            return max((row[0] for row in connection.execute(_TAIL, (last,))), default=last)

        last = tail()
        connection.execute("LISTEN bare")
        told.send("ready")
        while not told.poll():
            if list(connection.notifies(timeout=0.5, stop_after=1)):
                last = tail()
                told.send(time.monotonic())
        told.recv()


_READERS = {"engine": _read, "pipelined": _read_bare}
_WRITERS = {"engine": _engine, "pipelined": _bare}
