"""Fault injection: an exception is raised between two bytecodes of a call, as a signal handler may raise it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

ROOMS = ("chatdoc.", "invariants.", "migrate.")


@contextlib.contextmanager
def interrupted(
    after: int, *, error: type[BaseException] = KeyboardInterrupt, rooms: tuple[str, ...] = ROOMS
) -> Iterator[None]:
    """Raise an error once, before the bytecode of this number that runs in these rooms, and end quietly with it.

    Nothing is raised where fewer run. A tracer that was set before, say of a debugger, is set again afterwards.
    """
    left = after

    def trace(frame: FrameType, event: str, _given: Any) -> Any:
        nonlocal left
        if not frame.f_globals.get("__name__", "").startswith(rooms):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                sys.settrace(None)
                raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    except error:
        if left > 0:  # Somebody else's.
            raise
    finally:
        sys.settrace(before)
