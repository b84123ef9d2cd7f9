"""A clock stands still until it is told to move, also backwards."""

from __future__ import annotations

START_MS = 1_700_000_000_000
"""2023-11-14T22:13:20Z, where simulations begin."""


class ManualClock:
    """A `Clock` that a test sets: `clock()` is the present in milliseconds."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, ms: int) -> None:
        """Move the present; a negative number sets the clock back, though never before 1970."""
        self.now_ms = max(0, self.now_ms + ms)
