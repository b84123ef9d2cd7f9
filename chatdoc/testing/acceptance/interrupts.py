"""Interrupt injection: KeyboardInterrupt is raised at a chosen call, where a signal could have raised it as well.

CPython looks for signals when a function begins and when a call has returned; a profiler is called there too.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

FIRST = 2
"""The first call that can be interrupted; the one before it sets the profiler."""


def interrupted(work: Callable[[], object], *, at: int | None = None) -> int:
    """Do something, and raise KeyboardInterrupt at one of the calls it makes; returns how many it made."""
    calls = 0

    def look(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        if event in ("call", "c_return"):
            calls += 1
            if calls == at:
                raise KeyboardInterrupt

    collects = gc.isenabled()
    gc.disable()  # What is raised in a callback of the collector is printed and goes nowhere.
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
    return calls


def spread(count: int, points: int) -> Iterator[int]:
    """The calls from `FIRST` to `count`, or so many of them with the first and the last."""
    steps = min(count - FIRST + 1, points)
    yield from sorted({FIRST + round(step * (count - FIRST) / max(steps - 1, 1)) for step in range(steps)})
