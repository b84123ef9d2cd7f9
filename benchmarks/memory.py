"""Resident memory of a fresh process that opens a document, less that of one that opens a small one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = """
import sys
from chatdoc.open import open_document
from chatdoc.testing.white_box import warm
def resident():
    for line in open('/proc/self/status'):
        if line.startswith('VmRSS'):
            return int(line.split()[1]) * 1024
with open_document(sys.argv[2]) as small:
    warm(small)
before = resident()
document = open_document(sys.argv[1])
if sys.argv[3] == 'warm':
    warm(document)
print(resident() - before)
"""


def bytes_per_message(path: Path, count: int, *, warm: bool) -> float:
    """What one message of this document takes in memory, the Y document included where it is warm."""
    from benchmarks.stored import stored_document

    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        small = stored_document(Path(name), 200, "normal")
        small.close()
        state = "warm" if warm else "cold"
        answer = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(path), str(small.path), state],
            check=True,
            capture_output=True,
            text=True,
        )
    return int(answer.stdout) / count
