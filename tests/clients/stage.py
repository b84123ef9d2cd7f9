"""Stage: one Chromium, in one Node process; scenes are played in it one after the other, each by people of its own."""

from __future__ import annotations

import json
import subprocess
import threading

from tests.clients.js_package import PACKAGE, SECONDS_MAX


class Stage:
    """Plays the scenes of `page.mjs`; `with` ends it. A browser that ended is begun anew for the next scene."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def play(self, scene: str, server: str, *more: str) -> None:
        """Play a scene to its end; fails with what was wrong, also when that takes too long."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        too_long = threading.Timer(SECONDS_MAX, process.kill)
        too_long.start()
        try:
            process.stdin.write(json.dumps([scene, server, *more]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            too_long.cancel()
        assert answer, f"{scene}: the browser ended, or was ended after {SECONDS_MAX} seconds"
        wrong = json.loads(answer)
        assert wrong is None, f"{scene}: {wrong}"

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                ["node", "test/page.mjs"],
                cwd=PACKAGE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._process

    def close(self) -> None:
        """Let the browser go."""
        if self._process is not None:
            self._process.communicate()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
