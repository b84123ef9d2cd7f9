"""Joining: what it takes a client to join a large document, beside pycrdt-websocket that has it in memory.

A client is ready when it is synced, as a provider calls it, and Yjs shows everything; half of that and more is Yjs. The
servers' CPU tells more than the clock where others work. The first to join at ours has the document opened and cut.
Beside both runs one that sends our messages as they lie ready in a file: what no server can be faster than.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Result, of_pairs
from benchmarks.serving.servers import client, cpu_seconds, server, target
from benchmarks.sizes import QUICK, sized
from benchmarks.stored import stored_document
from chatdoc import Document
from chatdoc.apps.server import wire
from chatdoc.apps.server.joining import PIECE_BYTES

COUNT = sized(100_000)
ROUNDS = 1 if QUICK else 5
JOINS = 3
NAMES = ("chatdoc", "pycrdt-websocket", "bare")
ROWS = {
    "ready_ms": "until synced",
    "outside_ms": "until synced, without Yjs' own work",
    "cpu_ms": "server's CPU",
}
GOAL = 0.5
CPU_TICK_S = 0.01
"""No less can be told of what a process used."""


def results() -> Iterator[Result]:
    """Rows of the time and of the server's CPU, of the first join and of those that follow."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = stored_document(folder, COUNT, "full")
        assert document.path is not None
        name = document.path.name
        (folder / "update").write_bytes(document.diff())
        (folder / "messages").write_bytes(b"".join(_messages(document)))
        document.close()
        with (
            server(NAMES[0], folder) as ours,
            server(NAMES[1], folder, name, str(folder / "update")) as theirs,
            server(NAMES[2], folder, str(folder / "messages")) as bare,
        ):
            time.sleep(2.0)
            for one in NAMES[:2]:
                first[one] = _join(one, name, 1)[0]["ready_ms"]
            for _ in range(ROUNDS):
                for one, process in zip(NAMES, (ours, theirs, bare), strict=True):
                    before = cpu_seconds(process)
                    found = _join(one, name, JOINS)
                    spent = max(cpu_seconds(process) - before, CPU_TICK_S) / JOINS * 1000
                    ready, yjs = (median(run[key] for run in found) for key in ("ready_ms", "yjs_ms"))
                    runs[one].append({"ready_ms": ready, "outside_ms": ready - yjs, "cpu_ms": spent})
    for key, words in ROWS.items():
        mine, other = ([run[key] / 1000 for run in runs[name]] for name in NAMES[:2])
        yield of_pairs(
            f"join {COUNT:,} messages, {words} / {NAMES[1]}",
            list(zip(mine, other, strict=True)),
            goal=GOAL,
            unit="ms",
        )
    least, other = ([run["ready_ms"] / 1000 for run in runs[name]] for name in (NAMES[2], NAMES[1]))
    yield of_pairs(
        f"join {COUNT:,} messages, {ROWS['ready_ms']}, our messages from a file / {NAMES[1]}",
        list(zip(least, other, strict=True)),
        goal=GOAL,
        unit="ms",
    )
    yield Result(
        name=f"join {COUNT:,} messages, the document not open yet / {NAMES[1]}, open",
        ours=first[NAMES[0]] / 1000,
        baseline=first[NAMES[1]] / 1000,
        goal=1.0,
        unit="ms",
    )


def _messages(document: Document) -> Iterator[bytes]:
    """What our server sends who joins, each message behind its length."""
    *pieces, last = document.diffs(bytes_max=PIECE_BYTES)
    for message in (*map(wire.update, pieces), wire.step_2(last)):
        yield len(message).to_bytes(4) + message


def _join(name: str, document: str, joins: int) -> list[dict[str, Any]]:
    """Let clients join, one after the other."""
    found: list[dict[str, Any]] = client(
        "join.mjs", target(name)["url"], document, str(COUNT), str(joins), seconds_max=300
    )
    return found
