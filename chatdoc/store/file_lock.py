"""Advisory lock of an open file with a bounded wait: who does not get it is told who has it, and since when."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

from chatdoc.model.clock import iso
from chatdoc.model.errors import WriteFailed
from chatdoc.store.lock_holder import described, is_running, owner_of

WAIT_S = 10.0
"""So long another writer is waited for that was stopped or cannot be seen, as for the write lock of a store."""
SLOW_WAIT_S = 60.0
"""So long one is waited for that runs: forcing a file to a busy disk was seen to take more than ten seconds."""
_STEPS_S = (0.001, 0.002, 0.005, 0.01, 0.02)
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def lock_file(file: int, path: Path) -> None:
    """Take the lock of an open file; `path` is what is written under it.

    Where the file system has no locks, nobody is kept out. Raises WriteFailed when another has it for too long.
    """
    if try_lock(file):
        return
    pause, waited, number = threading.Event(), 0.0, 0
    while waited < WAIT_S or (waited < SLOW_WAIT_S and is_running(owner_of(file))):
        step = _STEPS_S[min(number, len(_STEPS_S) - 1)]
        pause.wait(step)
        waited, number = waited + step, number + 1
        if try_lock(file):
            return
    holder = owner_of(file)
    if try_lock(file):  # It was let go of in between, and so nobody was seen to have it.
        return
    since = iso(os.fstat(file).st_mtime_ns // 1_000_000)
    raise WriteFailed(
        f"{path} was not written: {described(holder)} is writing it, since {since} at the latest, "
        f"and was waited for {waited:.0f} seconds",
        hint="Let that process go on or end it, then try again",
    )


def try_lock(file: int) -> bool:
    """Take the lock of an open file unless another has it; true also where the file system has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
    return True
