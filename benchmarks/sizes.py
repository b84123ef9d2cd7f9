"""Sizes: `--quick` makes every document, log and round small, to show that a suite runs to its end, not how fast."""

from __future__ import annotations

import sys

QUICK = "--quick" in sys.argv
"""Read once, before the suites take their sizes."""
_SMALLER = 100
_COUNT_MIN = 200
_CALLS_MAX = 10


def sized(count: int) -> int:
    """So many rows, or a hundredth of them in a quick run; no fewer than two threads of a hundred."""
    return max(min(count, _COUNT_MIN), count // _SMALLER) if QUICK else count


def repeated(times: int) -> int:
    """So many calls, or a few in a quick run."""
    return min(times, _CALLS_MAX) if QUICK else times
