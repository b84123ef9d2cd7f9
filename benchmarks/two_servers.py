"""Fan-out of one document: all clients at one server, or half of them at another one on the same database.

The client is that of `benchmarks.serving`: one writer sends a burst, then paced updates; every reader must see them.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.sizes import repeated, sized
from tests.many_servers.server_process import Server

CLIENTS = 50
UPDATES = 3000
RATE = 200
GOAL = 0.7
_CLIENT = Path(__file__).parent / "serving" / "fanout.mjs"
_names = count()


class Fanned(NamedTuple):
    """Updates a second until the last reader has them, and how late a paced one is."""

    per_second: float
    p50_ms: float
    p99_ms: float


def can_run() -> bool:
    """Whether Node.js and the client's libraries are there: `npm install` in `benchmarks/serving`."""
    return shutil.which("node") is not None and (_CLIENT.parent / "node_modules").exists()


def fan_out(url: str, servers: int) -> Fanned:
    """One run with so many servers on a database."""
    with _serving(url, servers) as addresses:
        name = f"fan-{servers}-{next(_names)}.chat"
        words = [addresses, "y-websocket", name, str(CLIENTS), str(sized(UPDATES)), str(RATE)]
        came = subprocess.run(["node", str(_CLIENT), *words], capture_output=True, text=True, timeout=120)
    if came.returncode:
        raise RuntimeError(f"the client failed: {came.stderr[-500:]}")
    found = json.loads(came.stdout)
    return Fanned(found["per_second"], found["p50_ms"], found["p99_ms"])


def compared(url: str) -> dict[int, Fanned]:
    """The best of three runs with one server and with two, in turn."""
    best: dict[int, Fanned] = {}
    for _ in range(repeated(3) if sized(1000) == 1000 else 1):
        for servers in (1, 2):
            found = fan_out(url, servers)
            if servers not in best or found.per_second > best[servers].per_second:
                best[servers] = found
    return best


def told(best: dict[int, Fanned]) -> Iterator[str]:
    """The lines of the report."""
    for servers, one in best.items():
        yield (
            f"fan-out to {CLIENTS} clients at {servers} server{'s' * (servers > 1)}: {one.per_second:.0f}/s,"
            f" paced p50 {one.p50_ms:.1f}, p99 {one.p99_ms:.1f} ms"
        )
    ratio = best[2].per_second / best[1].per_second
    yield f"two servers / one: {ratio:.2f} (goal {GOAL}){' MISSED' * (ratio < GOAL)}"


@contextmanager
def _serving(url: str, servers: int) -> Iterator[str]:
    with ExitStack() as closing:
        started = []
        for _ in range(servers):
            started.append(Server("--store", url))
            closing.callback(started[-1].end, signal.SIGKILL)
        yield ",".join(f"ws://127.0.0.1:{one.port}/sync" for one in started)
