"""Fault injection: an exception is raised between two bytecodes of a call, as a signal handler may raise it.

None is raised between the body of a `with` and its exit: the interpreter looks for signals behind calls, and between
the last call of a body and the one that lets go of its lock there is none, so no program has to expect one there.
"""

from __future__ import annotations

import contextlib
import dis
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any

ROOMS = ("chatdoc.", "invariants.", "migrate.")


@contextlib.contextmanager
def interrupted(
    after: int, *, error: type[BaseException] = KeyboardInterrupt, rooms: tuple[str, ...] = ROOMS
) -> Iterator[None]:
    """Raise an error once, before the bytecode of this number that runs in these rooms, and end quietly with it.

    Where that one is on the way out of a `with`, the error comes once that is left. Nothing is raised where fewer run.
    A tracer that was set before, say of a debugger, is set again afterwards.
    """
    left = after

    def trace(frame: FrameType, event: str, _given: Any) -> Any:
        nonlocal left
        if event == "call":
            if not frame.f_globals.get("__name__", "").startswith(rooms):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            left -= 1
            if left <= 0 and frame.f_lasti not in _leaving(frame.f_code):
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


@cache
def _leaving(code: CodeType) -> frozenset[int]:
    """The offsets of instructions on the way out of a `with`: its exit is called with three times None."""
    found: set[int] = set()
    steps = [one for one in dis.get_instructions(code) if one.opname not in ("CACHE", "PRECALL")]
    for place in range(3, len(steps)):
        nothing, call = steps[place - 3 : place], steps[place]
        if not all(one.opname == "LOAD_CONST" and one.argval is None for one in nothing):
            continue
        if call.opname == "CALL" and call.arg == 2:
            found.update(range(nothing[0].offset, call.offset + 1, 2))
            before = place - 4
            while before >= 0 and steps[before].opname in ("NOP", "SWAP"):
                found.add(steps[before].offset)
                before -= 1
    return frozenset(found)
