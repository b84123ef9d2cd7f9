"""`python -m benchmarks.many_servers` measures documents in PostgreSQL beside documents in files, in one run.

A command is a `send` with a command id: receipt, update, event, rows, all of it forced to the disk. Two processes with
eight threads each write to a hundred documents, and to one. Both sides run in turn; the best of three rounds is told,
because other work on the machine only ever adds. `--full` has the sizes of `benchmarks.scale` that take half an hour.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from benchmarks import hot_document, scale, two_servers
from benchmarks.sizes import repeated, sized
from chatdoc import open_document, open_store
from chatdoc.document import Document
from tests.postgres_cluster import cluster

ROUNDS = 3 if sized(1000) == 1000 else 1
THREADS, PROCESSES = 8, 2
Open = Callable[[str], Document]
_names = count()


class Measured(NamedTuple):
    """Commands a second, and how long one takes in milliseconds: half of them, and 99 of 100."""

    per_second: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Print the table."""
    with cluster(settings="-c fsync=on -c shared_buffers=256MB") as server, _folder() as folder:
        url = server.create_database("bench")
        kinds = {"files": f"{folder}/", "PostgreSQL": f"{url}#"}
        rows: dict[str, dict[str, Measured]] = {}
        for _ in range(ROUNDS):
            for kind, place in kinds.items():
                for name, found in _round(place):
                    best = rows.setdefault(name, {}).get(kind)
                    if best is None or found.per_second > best.per_second:
                        rows[name][kind] = found
        print(f"{'':34} " + " ".join(f"{kind:>28}" for kind in kinds))
        for name, found in rows.items():
            told = [
                f"{one.per_second:8.0f}/s {one.p50_ms:6.2f} {one.p99_ms:7.2f} ms" for one in found.values()
            ]
            print(f"{name:34} " + " ".join(f"{one:>28}" for one in told))
        for name, found in _hot(url):
            print(f"{name:34} {found.per_second:8.0f}/s {found.p50_ms:6.2f} {found.p99_ms:7.2f} ms")
        seen = sorted(seen_elsewhere(url, repeated(400)))
        print(f"seen by another server: p50 {_part(seen, 50):.2f}, p99 {_part(seen, 99):.2f} ms")
        if two_servers.can_run():
            print("\n".join(two_servers.told(two_servers.compared(url))))
        else:
            print("fan-out: skipped, it needs Node.js and `npm install` in benchmarks/serving")
        databases = (server.create_database(name) for name in ("lonely", "crowded"))
        for line in scale.report(str(folder), url, *databases):
            print(line, flush=True)


def _round(place: str) -> Iterator[tuple[str, Measured]]:
    one = [f"one-{next(_names)}.chat"]
    yield "1 writer, 1 document", _written(place, one, processes=1, threads=1, each=repeated(600))
    many = [f"many-{next(_names)}-{number}.chat" for number in range(100 if sized(1000) == 1000 else 4)]
    yield (
        "2 x 8 writers, 100 documents",
        _written(place, many, processes=PROCESSES, threads=THREADS, each=repeated(100)),
    )
    hot = [f"hot-{next(_names)}.chat"]
    yield (
        "2 x 8 writers, 1 document",
        _written(place, hot, processes=PROCESSES, threads=THREADS, each=repeated(30)),
    )


def _hot(url: str) -> Iterator[tuple[str, Measured]]:
    """Through the rooms of servers; the best of the rounds, which take turns."""
    kinds = {
        "rooms of 1 server x 8": (1, False),
        "rooms of 2 servers x 8": (2, False),
        "the same, batched by the owner": (2, True),
    }
    best: dict[str, Measured] = {}
    for _ in range(ROUNDS):
        for name, (servers, has_owner) in kinds.items():
            one = hot_document.measured(
                url,
                f"rooms-{next(_names)}.chat",
                servers=servers,
                clients=THREADS,
                seconds=3.0 if sized(1000) == 1000 else 0.5,
                has_owner=has_owner,
            )
            found = Measured(one.per_second, _part(one.waits_ms, 50), _part(one.waits_ms, 99))
            cpu, elsewhere = one.cpu_ms, one.answered_elsewhere
            print(
                f"  {name}: {found.per_second:.0f}/s, {cpu:.2f} ms of processor each, {elsewhere} forwarded"
            )
            if name not in best or found.per_second > best[name].per_second:
                best[name] = found
    yield from best.items()


def _written(place: str, names: list[str], *, processes: int, threads: int, each: int) -> Measured:
    made = {}
    for name in names:
        with open_document(place + name) as doc:
            made[name] = doc.create_thread(sender_id="ada", content="Hello").thread_id
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(processes)
    answers = context.Queue()
    workers = [
        context.Process(target=_work, args=(place, made, number, threads, each, gate, answers))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    waits = sorted(one for _, some in found for one in some)
    return Measured(sum(rate for rate, _ in found), _part(waits, 50), _part(waits, 99))


def _work(
    place: str, made: dict[str, str], number: int, threads: int, each: int, gate: object, answers: object
) -> None:
    docs = [(open_document(place + name), thread) for name, thread in made.items()]
    waits: list[float] = []

    def write(writer: int, calls: int, prefix: str) -> None:
        for call in range(calls):
            doc, thread = docs[(writer * 13 + call * 7 + number) % len(docs)]
            begin = time.perf_counter()
            doc.send(
                thread,
                sender_id="ada",
                content="Hello, all of you",
                command_id=f"{prefix}-{number}-{writer}-{call}",
            )
            waits.append((time.perf_counter() - begin) * 1000)

    write(0, 5, "warm")
    waits.clear()
    gate.wait()  # type: ignore[attr-defined]
    begin = time.perf_counter()
    running = [threading.Thread(target=write, args=(writer, each, "real")) for writer in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    answers.put((threads * each / (time.perf_counter() - begin), waits))  # type: ignore[attr-defined]
    gate.wait()  # type: ignore[attr-defined]
    for doc, _ in docs:
        doc.close()


def seen_elsewhere(url: str, calls: int) -> list[float]:
    """Milliseconds from the answer of a command until another opening, woken by its hint, has read it."""
    found = []
    with open_store(url) as store, store.open("seen.chat") as writer, store.open("seen.chat") as reader:
        thread = writer.create_thread(sender_id="ada", content="Hello").thread_id
        came = threading.Event()
        reader.subscribe(lambda update, origin: came.set())
        reader.engine.store.feed.call(lambda: threading.Thread(target=lambda: reader.view).start())  # type: ignore[attr-defined]
        for _ in range(calls):
            came.clear()
            writer.send(thread, sender_id="ada", content="Hi")
            begin = time.perf_counter()
            came.wait(5)
            found.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.005)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _part(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    sys.exit(main())
