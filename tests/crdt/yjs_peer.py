"""A real Yjs client in a Node process plays histories of its own, or applies updates it is given."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent / "yjs"
SECONDS_MAX = 120


def install() -> None:
    """Put Yjs beside the script, once; the next ones find it there. Raises RuntimeError without node or npm."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise RuntimeError(
                f"{tool} is not installed; CHATDOC_WITHOUT_NODE=1 skips the tests that need it"
            )
    wanted = HOME / "package.json"
    done = HOME / "node_modules" / ".package-lock.json"
    with wanted.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Workers of one test run start together.
        if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
            return
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        came = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=SECONDS_MAX)
        if came.returncode:
            raise RuntimeError(f"npm could not install Yjs: {came.stderr[-2000:]}")
        os.utime(done)


class YjsPeer:
    """The two things the script can do."""

    def histories(self, seed: int, count: int) -> Iterator[dict[str, Any]]:
        """Histories for the seeds from `seed` on: updates, whole and state as bytes; content as JSON."""
        for line in _run("history", str(seed), str(count)):
            history = json.loads(line)
            yield {
                "seed": history["seed"],
                "updates": [bytes.fromhex(update) for update in history["updates"]],
                "whole": bytes.fromhex(history["whole"]),
                "state": bytes.fromhex(history["state"]),
                "content": history["content"],
            }

    def replay(self, cases: Iterable[list[bytes]]) -> list[tuple[dict[str, Any], bool]]:
        """For each list of updates: what a fresh document shows after them, and whether some still wait."""
        lines = [json.dumps({"updates": [update.hex() for update in updates]}) for updates in cases]
        answers = map(json.loads, _run("replay", stdin="\n".join(lines)))
        return [(answer["content"], answer["pending"]) for answer in answers]


def _run(*arguments: str, stdin: str = "") -> list[str]:
    command = ["node", str(HOME / "peer.mjs"), *arguments]
    came = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert came.returncode == 0, came.stderr[-2000:]
    return came.stdout.split("\n")[:-1]  # Not splitlines: U+2028 is no end of a line in JSON.
