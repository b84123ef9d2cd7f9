"""One document that two servers write to: their rooms, each with commands of eight clients, with an owner and without.

A command goes the way of the server: read from JSON, checked, one of a turn of the room, answered with its record. What
HTTP costs is left out, for both.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from typing import Any, NamedTuple

import msgspec

from benchmarks import bare_postgres
from chatdoc import open_store
from chatdoc.apps.server.commands import answer
from chatdoc.apps.server.principal import ANYBODY
from chatdoc.serve import Limits, Rooms

WARM_S = 1.5


class Hot(NamedTuple):
    """What the servers did together: commands a second, how long one took, and what it cost each in processor time."""

    per_second: float
    waits_ms: list[float]
    cpu_ms: float
    answered_elsewhere: int


def measured(url: str, name: str, *, servers: int, clients: int, seconds: float, has_owner: bool) -> Hot:
    """Let servers write to one document for a while."""
    with open_store(url) as store, store.open(name) as doc:
        thread_id = doc.create_thread(sender_id="ada", content="Hello").thread_id
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(servers), context.Queue()
    given = (url, name, thread_id, clients, seconds, has_owner, gate, answers)
    workers = [context.Process(target=_serve, args=(number, *given)) for number in range(servers)]
    for worker in workers:
        worker.start()
    found: list[Hot] = [Hot(*answers.get(timeout=300)) for _ in workers]
    for worker in workers:
        worker.join()
    return Hot(
        sum(one.per_second for one in found),
        sorted(wait for one in found for wait in one.waits_ms),
        sum(one.cpu_ms for one in found) / servers,
        sum(one.answered_elsewhere for one in found),
    )


def batched(url: str, name: str, *, clients: int, seconds: float) -> Hot:
    """The same with one owner that batches, without an engine and without a room: the baseline."""
    with open_store(url) as store, store.open(name) as doc:
        thread_id = doc.create_thread(sender_id="ada", content="Hello").thread_id
        doc.send(thread_id, sender_id="ada", content="Hello, all of you", command_id="copied")
    return asyncio.run(_batch(url, name, clients, seconds))


async def _batch(url: str, name: str, clients: int, seconds: float) -> Hot:
    with bare_postgres.connected(url) as connection:
        owner = bare_postgres.Owner(url, bare_postgres.document(connection, name))
    waits: list[float] = []

    async def write(client: int, prefix: str, until: float) -> None:
        call = 0
        while (begin := time.perf_counter()) < until:
            call += 1
            await owner.carry_out(f"{prefix}-{client}-{call}")
            waits.append((time.perf_counter() - begin) * 1000)

    for prefix, lasts in (("warm", WARM_S), ("real", seconds)):
        waits.clear()
        begin, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*[write(client, prefix, begin + lasts) for client in range(clients)])
    spent, cpu = time.perf_counter() - begin, time.process_time() - cpu
    owner.connection.close()
    return Hot(len(waits) / spent, sorted(waits), cpu * 1000 / max(1, len(waits)), 0)


def _serve(number: int, *given: Any) -> None:
    asyncio.run(_run(number, *given))


async def _run(
    number: int,
    url: str,
    name: str,
    thread_id: str,
    clients: int,
    seconds: float,
    has_owner: bool,
    gate: Any,
    answers: Any,
) -> None:
    limits = Limits(hot_commands_per_second=100 if has_owner else 0)
    with tempfile.TemporaryDirectory() as folder, open_store(url) as store:
        async with Rooms(folder, database=store, limits=limits) as rooms, rooms.use(name):
            waits: list[float] = []
            ends_at = 0.0

            async def write(client: int, prefix: str) -> None:
                call = 0
                while time.perf_counter() < ends_at:
                    call += 1
                    body = msgspec.json.encode(
                        {
                            "type": "send",
                            "thread_id": thread_id,
                            "sender_id": "ada",
                            "content": "Hello, all of you",
                            "command_id": f"{prefix}-{number}-{client}-{call}",
                        }
                    )
                    begin = time.perf_counter()
                    status, said = await answer(rooms.use(name), ANYBODY, body, rooms.metrics, rooms.words)
                    assert status == 200, said
                    waits.append((time.perf_counter() - begin) * 1000)

            await asyncio.to_thread(gate.wait)
            ends_at = time.perf_counter() + WARM_S
            await asyncio.gather(*[write(client, "warm") for client in range(clients)])
            waits.clear()
            before, cpu = _forwarded(rooms), time.process_time()
            begin = time.perf_counter()
            ends_at = begin + seconds
            await asyncio.gather(*[write(client, "real") for client in range(clients)])
            rate = len(waits) / (time.perf_counter() - begin)
            cpu = time.process_time() - cpu
            answers.put((rate, waits, cpu * 1000 / max(1, len(waits)), _forwarded(rooms) - before))
            await asyncio.to_thread(gate.wait)


def _forwarded(rooms: Rooms) -> int:
    return round(rooms.metrics.registry.get_sample_value("chatdoc_server_forwarded_total") or 0)
