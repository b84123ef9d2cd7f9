"""Lateness: how late the 99th of a hundred deliveries is at 200 updates a second to 49 readers, beside hocuspocus.

All servers run all the time, and one client process asks them in turn, round after round, each round in a document of
its own; so what the client and the machine cost is the same for each. Beside them runs one that passes frames on and
does nothing else, held to the same goals: no server that keeps anything can do better.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Result, of_pairs
from benchmarks.serving.servers import client, server, target
from benchmarks.sizes import QUICK

CLIENTS = 50
RATE = 200
COUNT = 100 if QUICK else 800
ROUNDS = 1 if QUICK else 7
GOALS = {"p50_ms": 1.0, "p99_ms": 0.6}
NAMES = ("chatdoc", "hocuspocus", "bare")


def results() -> Iterator[Result]:
    """A row for the median and one for the 99th of a hundred: medians of the rounds, and the range of their pairs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server(NAMES[0], Path(folder)),
        server(NAMES[1], Path(folder)),
        server(NAMES[2], Path(folder)),
    ):
        time.sleep(2.0)
        targets = json.dumps([target(name) for name in NAMES])
        found = client(
            "paced.mjs", targets, str(CLIENTS), str(COUNT), str(RATE), str(ROUNDS), seconds_max=600
        )
    for key, goal in GOALS.items():
        ours, theirs, bare = ([run[key] / 1000 for run in found[name]] for name in NAMES)
        what = f"{key.removesuffix('_ms')} at {RATE} updates a second, {CLIENTS} clients"
        yield of_pairs(f"{what} / {NAMES[1]}", list(zip(ours, theirs, strict=True)), goal=goal, unit="ms")
        yield of_pairs(
            f"{what}, a server that only passes on / {NAMES[1]}",
            list(zip(bare, theirs, strict=True)),
            goal=goal,
            unit="ms",
        )
