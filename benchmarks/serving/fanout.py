"""Fan-out: how many updates of one writer reach 49 readers in a second, beside other servers of Yjs documents.

Each round starts every server anew, one after the other, and all are given the same number of updates.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Result, of_pairs
from benchmarks.serving.servers import client, server, target
from benchmarks.sizes import QUICK

CLIENTS = 50
ROUNDS = 1 if QUICK else 3
UPDATES = 300 if QUICK else 2_500
SECONDS_MAX = 90
GOALS = {"hocuspocus": 2.0, "y-websocket": 4.0, "pycrdt-websocket": 8.0}
"""So many times the updates a second of each should ours be."""


def results() -> Iterator[Result]:
    """A row for each other server: the time of an update."""
    rounds = [{name: _spent(name, turn) for name in ("chatdoc", *GOALS)} for turn in range(ROUNDS)]
    for name, goal in GOALS.items():
        pairs = [(ours, theirs) for one in rounds if (ours := one["chatdoc"]) and (theirs := one[name])]
        if pairs:
            yield of_pairs(
                f"an update to {CLIENTS} clients, {UPDATES:,} at once / {name}",
                pairs,
                goal=1 / goal,
                unit="µs",
            )


def _spent(name: str, turn: int) -> float | None:
    """Seconds an update; None, and a line that says why, where a server did not pass everything on."""
    with tempfile.TemporaryDirectory() as folder, server(name, Path(folder)):
        time.sleep(1.0)
        place = target(name)
        arguments = (place["url"], place["kind"], f"bench{turn}.chat", str(CLIENTS), str(UPDATES))
        try:
            found = client("fanout.mjs", *arguments, seconds_max=SECONDS_MAX)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{name}, round {turn}: {error}", file=sys.stderr)
            return None
    return 1 / float(found["per_second"])
