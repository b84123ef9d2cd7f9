"""Rate window: how many commands a document had in the last second, from here and from each other server."""

from __future__ import annotations

from collections import Counter

WINDOW_S = 0.5
"""A document is hot for one window because of the one before."""


class Heat:
    """Counts in windows; `threshold` is in commands a second, 0 for never hot."""

    def __init__(self, threshold: int) -> None:
        self._least = threshold * WINDOW_S
        self._ends_at = 0.0
        self._count: Counter[str] = Counter()
        self._last: Counter[str] = Counter()
        self._others = 0
        self.is_hot = False

    def note(self, now: float, others: int, server: str = "") -> None:
        """Note a command of a server, '' for this one; `others` is how many transactions others have ever written.

        Hot is what others write to as often as it is written to here: there, writers wait for each other.
        """
        if now >= self._ends_at:
            is_next = now < self._ends_at + WINDOW_S
            self._last = self._count if is_next else Counter()
            here, there = self._last[""], others - self._others
            # Whoever batches writes seldom: a tenth as many transactions as commands is a lot.
            self.is_hot = is_next and 0 < self._least <= here and there * 10 >= self._least
            self._count, self._others, self._ends_at = Counter(), others, now + WINDOW_S
        self._count[server] += 1

    def besides(self, server: str) -> bool:
        """Whether there are enough commands of anybody but one server to batch them with that server's."""
        return (
            self._count.total() + self._last.total() - self._count[server] - self._last[server] >= self._least
        )

    def cool(self) -> None:
        """Be hot no more, until a window says so again."""
        self.is_hot = False
