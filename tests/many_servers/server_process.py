"""Real servers as processes of their own, to be killed, stopped and asked over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

SERVE = ("-m", "chatdoc.apps.cli.main", "serve")
"""What Python runs as a server, before what is served."""


class Server:
    """`chatdoc serve` of a folder, or with `--store URL`, or another program; it comes back on the same port."""

    def __init__(self, *served: str, program: Sequence[str] = SERVE) -> None:
        self._words = (*program, *served)
        self.port = 0
        self.start()

    def start(self) -> None:
        """Begin, and wait until it answers."""
        words = [*self._words, "--port", str(self.port)]
        for _ in range(50):
            self.process = subprocess.Popen(
                [sys.executable, *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
            )
            assert self.process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())
            if found is not None:
                self.port = int(found[1])
                return
            self.end(signal.SIGKILL)
            time.sleep(0.1)  # The database was just killed.
        raise AssertionError("the server does not start")

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(how)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status
