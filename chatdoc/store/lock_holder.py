"""Who holds a lock is read from the system's table of locks, where it keeps one, and said with what that process does.

A process that was stopped inside a lock holds it until it goes on or ends, and whoever waits must be able to see that.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_PROC = Path("/proc")
_WRITE_LOCKS = (("-shm", 120), ("", 0x40000001))
"""Where SQLite locks out other writers: in the shared memory of a write-ahead journal, or far out in the file."""
_STOPPED = ("T", "t")


def writer_of(store: Path | None) -> int | None:
    """The number of the process that writes to a store now, or None where that cannot be told."""
    if store is None:
        return None
    for end, place in _WRITE_LOCKS:
        with contextlib.suppress(OSError):
            for kind, pid, first, last in _locks(os.stat(f"{store}{end}")):
                if kind == "POSIX" and first <= place <= last:
                    return pid
    return None


def owner_of(file: int) -> int | None:
    """The number of the process that has locked an open file, or None where that cannot be told."""
    return next((pid for kind, pid, _, _ in _locks(os.fstat(file)) if kind == "FLOCK"), None)


def described(pid: int | None) -> str:
    """The process in words, with what is to be known of it: whether it is this one, and whether it was stopped."""
    if pid is None:
        return "another process"
    if pid == os.getpid():
        return f"this process ({pid}), in another thread"
    stopped = f", which is stopped (`kill -CONT {pid}` lets it go on)" if _state(pid) in _STOPPED else ""
    return f"process {pid}{stopped}"


def is_running(pid: int | None) -> bool:
    """Whether a process is there, and was not stopped; false where that cannot be told."""
    return pid is not None and _state(pid) not in ("", *_STOPPED)


def _state(pid: int) -> str:
    """One letter for what a process does; empty where there is none, or none to see."""
    try:
        return (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _locks(found: os.stat_result) -> list[tuple[str, int, int, float]]:
    """Kind, process, first and last byte of each lock that is held for writing on a file."""
    try:
        lines = (_PROC / "locks").read_text("ascii", "replace").splitlines()
    except OSError:
        return []
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    held = []
    for line in lines:
        fields = line.split()  # One that waits has `->` behind its number, and so a field more.
        if len(fields) == 8 and fields[3] == "WRITE" and fields[5] == place and int(fields[4]) > 0:
            last = float("inf") if fields[7] == "EOF" else int(fields[7])
            held.append((fields[1], int(fields[4]), int(fields[6]), last))
    return held
