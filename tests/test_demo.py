"""`make demo` tells its story to the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tidy.source import PROJECT


def test_demo_runs_to_the_old_bytes(tmp_path: Path) -> None:
    """The demo shows each of its seven steps, and ends with the bytes it began with."""
    command = [sys.executable, str(PROJECT / "docs" / "demo.py"), str(tmp_path / "scratch")]
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert [number for number in range(1, 8) if f"{number}. " in done.stdout] == [*range(1, 8)]
    assert "They do, on Linux." in done.stdout
    assert "They do, on macOS." in done.stdout
    assert "integrity: clean" in done.stdout
    before, after = done.stdout.split("killed by signal 9; now the file is opened")
    assert "running, turn " in before
    assert "interrupted" in after
    assert "kept: 'On Linux and macOS. On Windows one'" in after
    assert done.stdout.rstrip().endswith("the old bytes again")
