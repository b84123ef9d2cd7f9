"""Which call has a transaction open, told by the stack: a call that was interrupted is on none, and leaves no flag."""

from __future__ import annotations

import os
import sys
from types import FrameType

from chatdoc.model.errors import DocumentFailed, ReadOnlyTarget


def is_on_stack(wanted: FrameType | None) -> bool:
    """Whether a call is running in this thread, further out than the caller's caller."""
    frame: FrameType | None = sys._getframe(2) if wanted is not None else None
    while frame is not None:
        if frame is wanted:
            return True
        frame = frame.f_back
    return False


def require_own_process(pid: int, name: str) -> None:
    """Raise DocumentFailed in a child of the process that opened a store."""
    if os.getpid() != pid:
        raise DocumentFailed(
            f"the store {name} was opened by process {pid}, and {os.getpid()} was forked from it",
            hint="Open the document again in this process",
        )


def read_only(name: str) -> ReadOnlyTarget:
    """The error for a change of what was opened for reading."""
    return ReadOnlyTarget(f"the store {name} was opened for reading only", hint="Open it to write")
