"""Real servers as processes of their own, to be killed, stopped and asked over HTTP.

They are forked from a process that has loaded the most, as a start of their own takes longer than what is tried.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence

from tests.forked import ENVIRONMENT, Forked

SERVE = ("chatdoc.apps.cli.main", "serve")
"""The module that Python runs as a server, and its first words."""


class Server:
    """`chatdoc serve` of a folder, or with `--store URL`, or another program; it comes back on the same port."""

    def __init__(self, *served: str, program: Sequence[str] = SERVE) -> None:
        self._module, *words = program
        self._words = (*words, *served)
        self.port = 0
        self.start()

    def start(self) -> None:
        """Begin, and wait until it answers."""
        for _ in range(50):
            self._process = Forked(
                *self._words,
                "--port",
                self.port,
                module=self._module,
                environment={**ENVIRONMENT, "COLUMNS": "200"},
                talks=True,
            )
            found = re.search(r"http://127\.0\.0\.1:(\d+)", self._process.stdout.readline())
            if found is not None:
                self.port = int(found[1])
                return
            self.end(signal.SIGKILL)
            time.sleep(0.1)  # The database was just killed.
        raise AssertionError("the server does not start")

    def tell(self, how: signal.Signals) -> None:
        """Send a signal."""
        with contextlib.suppress(ProcessLookupError):  # It has ended by itself.
            os.kill(self._process.pid, how)

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        with self._process:
            self.tell(how)
            return self._process.wait()
