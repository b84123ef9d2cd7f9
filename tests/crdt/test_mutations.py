"""No damaged or forged update that passes the guard panics, hangs or kills the process, or is lost in a reload."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COUNT = int(os.environ.get("CHATDOC_MUTATIONS", "20000"))
"""More for a longer search: CHATDOC_MUTATIONS=1000000 takes about two minutes."""
SEED = int(os.environ.get("CHATDOC_SEED", "1"))
PROJECT = Path(__file__).parents[2]


def test_no_mutation_that_passes_the_guard_does_harm(tmp_path: Path) -> None:
    """Thousands of mutations pass in a process of its own, which lives, and reads, encodes and reloads each of them."""
    trace = tmp_path / "update"
    command = [sys.executable, "-m", "tests.crdt.mutations", str(SEED), str(COUNT), str(trace)]
    came = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = came.communicate(timeout=60 + COUNT / 500)
    except subprocess.TimeoutExpired:
        came.kill()
        out, err = came.communicate()
        err += "did not come back"
    assert came.returncode == 0, f"seed {SEED}, code {came.returncode}, update {last(trace)}: {err[-2000:]}"
    result = json.loads(out)
    print(f"seed {SEED}: {result}")
    assert result["harmful"] == []
    assert result["applied"] > COUNT // 10, "too few mutations pass to tell anything"
    assert result["refused"] > COUNT // 10, "too few mutations are refused to tell anything"


def last(trace: Path) -> str:
    """The update that was being applied, in hex."""
    raw = trace.read_bytes()
    return raw[4 : 4 + int.from_bytes(raw[:4])].hex()
