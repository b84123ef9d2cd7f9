"""Writers: processes of some threads each write to documents, through the engine or through a prototype beside it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import quantiles
from typing import Any, NamedTuple

from benchmarks import bare_postgres
from benchmarks.bare_postgres import Command
from chatdoc import open_document


class Measured(NamedTuple):
    """Commands a second, and how long one takes in milliseconds: half of them, and 99 of 100."""

    per_second: float
    p50_ms: float
    p99_ms: float


class Writing(NamedTuple):
    """So many processes with so many threads, each of which carries out so many commands on so many documents."""

    processes: int
    threads: int
    each: int
    documents: int


def written(kind: str, url: str, prefix: str, how: Writing) -> Measured:
    """Let writers of a kind write to new documents: `engine`, or a prototype; `url` is of a database or a folder."""
    made = {}
    for number in range(how.documents):
        name = f"{prefix}-{number}.chat"
        with open_document(url + name) as doc:
            made[name] = doc.create_thread(sender_id="ada", content="Hello").thread_id
            doc.send(made[name], sender_id="ada", content="Hello, all of you", command_id="copied")
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(how.processes), context.Queue()
    workers = [
        context.Process(target=_work, args=(kind, url, made, number, how, gate, answers))
        for number in range(how.processes)
    ]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    waits = sorted(one for _, some in found for one in some)
    return Measured(sum(rate for rate, _ in found), part(waits, 50), part(waits, 99))


def part(values: list[float], percent: int) -> float:
    """The value that so many of a hundred are below."""
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


def _work(
    kind: str, url: str, made: dict[str, str], number: int, how: Writing, gate: Any, answers: Any
) -> None:
    with _opened(kind, url, made) as commands:
        waits: list[float] = []

        def write(writer: int, calls: int, prefix: str) -> None:
            for call in range(calls):
                command = commands[(writer * 13 + call * 7 + number) % len(commands)]
                begin = time.perf_counter()
                command(f"{prefix}-{number}-{writer}-{call}")
                waits.append((time.perf_counter() - begin) * 1000)

        def together(calls: int, prefix: str) -> float:
            """Each thread begins when all are there, and writes its connection's first commands before that counts."""
            begin = time.perf_counter()
            running = [
                threading.Thread(target=write, args=(writer, calls, prefix)) for writer in range(how.threads)
            ]
            for one in running:
                one.start()
            for one in running:
                one.join()
            return time.perf_counter() - begin

        together(5, "warm")
        waits.clear()
        gate.wait()
        spent = together(how.each, "real")
        answers.put((how.threads * how.each / spent, waits))
        gate.wait()


@contextmanager
def _opened(kind: str, url: str, made: dict[str, str]) -> Iterator[list[Command]]:
    if kind != "engine":
        with bare_postgres.opened(kind, url.removesuffix("#"), list(made)) as commands:
            yield commands
        return
    with ExitStack() as closing:
        docs = [(closing.enter_context(open_document(url + name)), thread) for name, thread in made.items()]

        def command(doc: Any, thread: str) -> Command:
            return lambda command_id: doc.send(
                thread, sender_id="ada", content="Hello, all of you", command_id=command_id
            )

        yield [command(*one) for one in docs]
