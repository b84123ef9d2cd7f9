"""The JavaScript client's package: its dependencies are put beside it once, and its scripts run in a Node process."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "clients" / "js"
SECONDS_MAX = 240


def install() -> None:
    """Put the dependencies beside the sources, once; raises RuntimeError without node or npm."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise RuntimeError(
                f"{tool} is not installed; CHATDOC_WITHOUT_NODE=1 skips the tests that need it"
            )
    wanted = PACKAGE / "package.json"
    done = PACKAGE / "node_modules" / ".package-lock.json"
    with wanted.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Workers of one test run start together.
        if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
            return
        came = _npm("install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
        if came.returncode:
            raise RuntimeError(f"npm could not install the client's packages: {came.stderr[-2000:]}")
        os.utime(done)


def node(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run node in the package's folder; what it printed and how it ended."""
    return subprocess.run(
        ["node", *arguments],
        cwd=PACKAGE,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env={**os.environ, **environment},
    )


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=PACKAGE, capture_output=True, text=True, timeout=SECONDS_MAX
    )
