"""Who holds the write lock of a store is read from the system's table of locks, where it keeps one."""

from __future__ import annotations

import os
from pathlib import Path

_LOCKS = Path("/proc/locks")
_WRITE_LOCK_BYTE = 120
"""Where in the shared memory of a journal SQLite's WAL mode locks out other writers."""


def holder_of(file: Path | None) -> int | None:
    """The number of the process that writes to a store now, or None where that cannot be told."""
    if file is None:
        return None
    try:
        found = os.stat(f"{file}-shm")
        lines = _LOCKS.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in lines:
        fields = line.split()
        if len(fields) == 8 and fields[3] == "WRITE" and fields[5] == place:
            first, last = fields[6], fields[7]
            if first.isdigit() and int(first) <= _WRITE_LOCK_BYTE and (last == "EOF" or int(last) >= 120):
                return int(fields[4])
    return None
