"""File watch: a commit of another process is noticed by how its journal looks, in a microsecond and without a thread.

A document that nobody writes to costs that and no turn, however many are open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

TICK_S = 3.0
"""The coarsest clock of a file system ticks every two seconds; two writes within one tick may look like one."""
_Looks = tuple[int, int, int]


class StoreWatch:
    """The database of one document and its journal; moments are those of one clock, in seconds.

    Without paths there is nothing to watch: such a store says by itself what others have written.
    """

    def __init__(self, paths: Sequence[Path], *, may_hang: bool = False) -> None:
        self.may_hang = may_hang
        """Whether to look may take for ever, as on a disk of another machine: no loop should."""
        self._database, self._journal = map(str, paths) if paths else ("", "")
        self._journal_looks = self._database_looks = (-1, -1, -1)
        self._again_until = 0.0

    def has_news(self, now: float) -> bool:
        """Whether the journal has changed since this was asked: each commit writes to it. Asked every few moments."""
        if not self._journal or (looks := _looks(self._journal)) == self._journal_looks:
            return False
        self._journal_looks, self._again_until = looks, now + TICK_S
        return True

    def is_due(self, now: float) -> bool:
        """Whether there may be more than that: the journal changed a moment ago, or the database did. Asked rarely."""
        if not self._database:
            return False
        before, self._database_looks = self._database_looks, _looks(self._database)
        return now < self._again_until or before != self._database_looks

    def may_have_news(self, now: float) -> bool:
        """Both questions at once, for who asks rarely."""
        has_news, is_due = self.has_news(now), self.is_due(now)
        return has_news or is_due


def _looks(path: str) -> _Looks:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
