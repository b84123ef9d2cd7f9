"""Flush policy: readers see the first words at once, and a long answer is few pieces, each larger than the last.

Both bounds grow with every piece, so their number grows with the logarithm of an answer's length and duration:
13,500 characters in 3,000 chunks make at most 12 pieces by size, and ten minutes at most 18 by time.
"""

from __future__ import annotations

import msgspec

PIECE_CHARS_MAX = 1 << 20
"""A piece is written at the latest when so much has come."""
_GROWN_MAX = 64
"""So often the bounds grow; by then both are beyond any answer."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """When what was gathered is written: with `chars` waiting, or the oldest for `ms`, each `growth` times the last."""

    chars: int = 64
    ms: int = 250
    growth: float = 1.5
    ms_max: int | None = None
    """No piece waits longer; set it where readers matter more than the number of pieces."""

    def __post_init__(self) -> None:
        if not (self.chars >= 1 and self.ms >= 0 and self.growth >= 1):
            raise ValueError(f"expected chars >= 1, ms >= 0 and growth >= 1, got {self}")

    def patience_ms(self, pieces: int) -> int:
        """How long text may wait after so many pieces."""
        patience = int(self.ms * self.growth ** min(pieces, _GROWN_MAX))
        return patience if self.ms_max is None else min(patience, self.ms_max)

    def is_due(self, pieces: int, *, waiting: int, waited_ms: int) -> bool:
        """Whether so many characters, the oldest waiting so long, are the next piece.

        A clock that was set back says nothing of how long that was: it may be too long already.
        """
        size = min(self.chars * self.growth ** min(pieces, _GROWN_MAX), PIECE_CHARS_MAX)
        return waiting > 0 and (waiting >= size or abs(waited_ms) >= self.patience_ms(pieces))
