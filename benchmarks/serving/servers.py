"""The servers that are measured beside each other, each a process that is ended at the end; and what they used."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ("hocuspocus", "y-websocket", "pycrdt-websocket", "bare", "chatdoc")


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has, all open at once so that they differ."""
    with ExitStack() as closing:
        found = [closing.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in found]


PORTS = dict(zip(NAMES, _free_ports(len(NAMES)), strict=True))
"""Of this run: a server that an earlier one left behind is not measured instead."""


def install() -> None:
    """Fetch the other servers, once."""
    if not (HERE / "node_modules").exists():
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE, check=True, capture_output=True)


@contextmanager
def server(name: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """One server, ended at the end; `more` are further arguments of pycrdt's and of the bare one."""
    port = str(PORTS[name])
    ours = [sys.executable, "-u", "-m", "chatdoc.apps.cli.main", "serve", str(folder), "--port", port]
    commands = {
        "hocuspocus": ["node", str(HERE / "hocuspocus.mjs"), port],
        "y-websocket": ["node", str(HERE / "node_modules/y-websocket-2/bin/server.cjs")],
        "pycrdt-websocket": [sys.executable, str(HERE / "pycrdt_server.py"), port, *more],
        "bare": ["node", str(HERE / "bare.mjs"), port, *more],
        "chatdoc": ours,
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


def target(name: str) -> dict[str, str]:
    """Where a server is and what it speaks, as the clients are told."""
    kind = "hocuspocus" if name == "hocuspocus" else "y-websocket"
    url = f"ws://127.0.0.1:{PORTS[name]}{'/sync' if name == 'chatdoc' else ''}"
    return {"name": name, "kind": kind, "url": url}


def client(program: str, *arguments: str, seconds_max: float) -> Any:
    """What a client prints at its end; raises RuntimeError where it fails, TimeoutExpired where it does not end."""
    command = ["node", "--expose-gc", str(HERE / program), *arguments]
    came = subprocess.run(command, capture_output=True, text=True, timeout=seconds_max)
    if came.returncode:
        raise RuntimeError(f"{program} {arguments[0][:60]}: {came.stderr[-500:]}")
    return json.loads(came.stdout)


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """What a process has used of a core until now; it tells more than the clock where others work too."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
