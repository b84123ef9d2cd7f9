"""`python -m benchmarks.serving.join [messages]`: what it takes to join a large document, beside pycrdt-websocket.

Both servers have the document open. A client is ready when Yjs shows the last message; how much of that is the client's
own work is measured too, and the servers' CPU, which tells more than the clock where others work.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.serving.__main__ import HERE, PORTS, cpu_seconds, install, median, server
from benchmarks.stored import stored_document

ROUNDS = 3
JOINS = 5
GOAL = 0.5
NAMES = ("pycrdt-websocket", "chatdoc")


def join(name: str, document: str, count: int, joins: int) -> list[dict[str, Any]]:
    """Let clients join, one after the other."""
    url = f"ws://127.0.0.1:{PORTS[name]}{'/sync' if name == 'chatdoc' else ''}"
    command = ["node", str(HERE / "join.mjs"), url, document, str(count), str(joins)]
    came = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found: list[dict[str, Any]] = json.loads(came.stdout)
    return found


def main(count: int = 100_000) -> int:
    """Run both servers beside each other, in turns; medians."""
    install()
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    first: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document = stored_document(folder, count, "full")
        assert document.path is not None
        name = document.path.name
        (folder / "update").write_bytes(document.diff())
        document.close()
        with (
            server(NAMES[0], folder, name, str(folder / "update")) as theirs,
            server(NAMES[1], folder) as ours,
        ):
            time.sleep(2.0)
            for one in NAMES:
                first[one] = join(one, name, count, 1)[0]["ready_ms"]
            for _ in range(ROUNDS):
                for one, process in zip(NAMES, (theirs, ours), strict=True):
                    before = cpu_seconds(process)
                    found = join(one, name, count, JOINS)
                    spent = (cpu_seconds(process) - before) / JOINS * 1000
                    runs[one] += [{**run, "cpu_ms": spent} for run in found]
    print(f"{'server':18} {'first ms':>9} {'ready ms':>9} {'in Yjs ms':>10} {'server CPU ms':>14}")
    medians = {
        name: {key: median([run[key] for run in found]) for key in found[0]} for name, found in runs.items()
    }
    for name, found in medians.items():
        print(
            f"{name:18} {first[name]:9.0f} {found['ready_ms']:9.0f} {found['yjs_ms']:10.0f} {found['cpu_ms']:14.0f}"
        )
    missed = 0
    for key in ("ready_ms", "cpu_ms"):
        ratio = medians["chatdoc"][key] / medians["pycrdt-websocket"][key]
        missed += ratio > GOAL
        print(f"{key}, ours / pycrdt-websocket: {ratio:.2f} (goal {GOAL}){' MISSED' * (ratio > GOAL)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
