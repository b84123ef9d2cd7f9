"""`python -m benchmarks.serving [updates] [clients]` runs each server in turn, prints a line each, and the ratios."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROUNDS = 3
RATE = 200
SECONDS_MAX = 90
"""A server that has not passed everything on by then is left out of the rounds that follow."""
GOALS = {"hocuspocus": 2.0, "y-websocket": 4.0, "pycrdt-websocket": 8.0}
"""So many times the updates a second of each should ours be."""
P99_GOAL = 0.6
PORTS = {"hocuspocus": 9801, "y-websocket": 9802, "pycrdt-websocket": 9803, "chatdoc": 9804}


def install() -> None:
    """Fetch the other servers, once."""
    if not (HERE / "node_modules").exists():
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE, check=True, capture_output=True)


@contextmanager
def server(name: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """One server, ended at the end; `more` are further arguments of pycrdt's."""
    port = str(PORTS[name])
    commands = {
        "hocuspocus": ["node", str(HERE / "hocuspocus.mjs"), port],
        "y-websocket": ["node", str(HERE / "node_modules/y-websocket-2/bin/server.cjs")],
        "pycrdt-websocket": [sys.executable, str(HERE / "pycrdt_server.py"), port, *more],
        "chatdoc": [
            sys.executable,
            "-u",
            "-m",
            "chatdoc.apps.cli.main",
            "serve",
            str(folder),
            "--port",
            port,
        ],
    }
    path = {
        "PATH": f"{Path(shutil.which('node') or '').parent}:/usr/bin:/bin",
        "PORT": port,
        "HOST": "127.0.0.1",
    }
    process = subprocess.Popen(commands[name], stdout=subprocess.PIPE, text=True, env=path)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """What a process has used of a core until now; it tells more than the clock where others work too."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(
    name: str, process: subprocess.Popen[str], document: str, updates: int, clients: int
) -> dict[str, Any]:
    """One run of the client against a server."""
    kind = "hocuspocus" if name == "hocuspocus" else "y-websocket"
    url = f"ws://127.0.0.1:{PORTS[name]}{'/sync' if name == 'chatdoc' else ''}"
    before = cpu_seconds(process)
    command = ["node", str(HERE / "fanout.mjs"), url, kind, document, str(clients), str(updates), str(RATE)]
    came = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    if came.returncode:
        raise RuntimeError(f"{name}: {came.stderr[-500:]}")
    found: dict[str, Any] = json.loads(came.stdout)
    found["cpu_us_per_update"] = (cpu_seconds(process) - before) / updates * 1e6
    return found


def main(updates: int = 3000, clients: int = 50) -> int:
    """Run every server in turn, several rounds; medians."""
    install()
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in PORTS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(ROUNDS):
            for name in PORTS:
                if turn and not runs[name]:
                    continue
                with server(name, Path(folder)) as process:
                    time.sleep(1.0)
                    try:
                        runs[name].append(measure(name, process, f"bench{turn}.chat", updates, clients))
                    except (RuntimeError, subprocess.TimeoutExpired) as error:
                        print(f"{name} round {turn}: {error}", file=sys.stderr)
    print(f"{'server':18} {'updates/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU µs/update':>14}")
    medians = {
        name: {key: median([run[key] for run in found]) for key in found[0]}
        for name, found in runs.items()
        if found
    }
    for name, found in medians.items():
        print(
            f"{name:18} {found['per_second']:10.0f} {found['p50_ms']:8.2f} {found['p99_ms']:8.2f}"
            f" {found['cpu_us_per_update']:14.0f}"
        )
    ours, missed = medians["chatdoc"], 0
    for name, goal in GOALS.items():
        if name in medians:
            ratio = ours["per_second"] / medians[name]["per_second"]
            missed += ratio < goal
            print(f"updates a second, ours / {name}: {ratio:.2f} (goal {goal}){' MISSED' * (ratio < goal)}")
    if "hocuspocus" in medians:
        ratio = ours["p99_ms"] / medians["hocuspocus"]["p99_ms"]
        missed += ratio > P99_GOAL
        print(
            f"p99 at {RATE}/s, ours / hocuspocus: {ratio:.2f} (goal {P99_GOAL}){' MISSED' * (ratio > P99_GOAL)}"
        )
    return 1 if missed else 0


def median(values: list[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
