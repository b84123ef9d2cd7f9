"""Forked process: a Python program runs in a process of its own that need not load chatdoc, as another did that for it.

What it is told, how it ends and what it prints are as with `subprocess`. Programs whose start is what a test is about
are begun afresh instead.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chatdoc.apps.cli.main import COMMANDS
from tests.tidy.source import PROJECT

ENVIRONMENT = {"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"}
_RARE = ("serve", "mcp")
"""Commands that load much, and are run in few tests."""
LOADED = (
    "asyncio",  # The first four are loaded late by chatdoc, and needed by most programs.
    "pycrdt",
    "tomllib",
    "ulid",
    "chatdoc.open",
    "tests.store.documents",
    *sorted({entry.home.partition(":")[0] for name, entry in COMMANDS.items() if name not in _RARE}),
)


class Forked:
    """A process that waits at its gate, runs once `let_go` was called, and is killed where `with` ends before it does.

    A program is the `source` of one, or the name of a `module`, as with `python -c` and `python -m`. One that is told
    what to do, or whose lines are read as they come, `talks`: then it runs at once, and `stdin` and `stdout` are here.
    What it needs besides chatdoc may be `loaded`, by a server for all that need the same.
    """

    def __init__(
        self,
        *arguments: object,
        source: str = "",
        module: str | None = None,
        folder: Path = PROJECT,
        environment: Mapping[str, str] = ENVIRONMENT,
        talks: bool = False,
        loaded: tuple[str, ...] = (),
    ) -> None:
        order = {
            "module": module, "source": source, "arguments": list(map(str, arguments)), "folder": str(folder),
            "environment": dict(environment),
        }  # fmt: skip
        self.talks = talks
        self._streams = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        gate, self._gate = os.pipe()
        output, error = (stream.fileno() for stream in self._streams)
        if talks:
            read, told = os.pipe()
            said, output = os.pipe()
            self.stdin, self.stdout = os.fdopen(told, "w"), os.fdopen(said)
        else:
            read = os.open(os.devnull, os.O_RDONLY)
        files = [read, output, error, gate, theirs.fileno()]
        socket.send_fds(_server(loaded), [json.dumps(order).encode()], files)
        for file in (read, gate, *([output] if talks else ())):
            os.close(file)
        theirs.close()
        self._told.settimeout(60)
        self.pid = int(self._told.recv(64))
        self.status: int | None = None
        if talks:
            self.let_go()

    def let_go(self) -> None:
        """Let it run."""
        os.close(self._gate)
        self._gate = -1

    def wait(self, timeout_s: float = 60) -> int:
        """Its exit status, negative for a signal; raises TimeoutError while it runs."""
        if self.status is None:
            self._told.settimeout(timeout_s)
            self.status = int(self._told.recv(64))
        return self.status

    def kill(self) -> int:
        """End it at once, by SIGKILL, and fetch its end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def printed(self) -> tuple[bytes, bytes]:
        """What it has printed to standard output and error."""
        output, error = (
            os.pread(stream.fileno(), os.fstat(stream.fileno()).st_size, 0) for stream in self._streams
        )
        return output, error

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            self.kill()
        if self.talks:
            self.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        if self._gate >= 0:
            os.close(self._gate)
        self._told.close()
        for stream in self._streams:
            stream.close()


def run(
    *arguments: object,
    source: str = "",
    module: str | None = None,
    folder: Path = PROJECT,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    with Forked(*arguments, source=source, module=module, folder=folder, environment=environment) as forked:
        forked.let_go()
        status = forked.wait()
        output, error = (stream.decode("utf-8") for stream in forked.printed())
    return subprocess.CompletedProcess(list(arguments), status, output, error)


@cache
def _server(loaded: tuple[str, ...]) -> socket.socket:
    """Where orders go; the server ends with this process, however that ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", *LOADED, *loaded],
            stdin=theirs, stdout=nowhere, cwd=PROJECT, env=ENVIRONMENT,
        )  # fmt: skip
    atexit.register(_end, ours, process)
    return ours


def _end(orders: socket.socket, process: subprocess.Popen[bytes]) -> None:
    orders.close()
    process.wait(20)
