"""Displaced file: what our text took the place of stays open, and is unseen until all it holds has been taken.

Who had it open may write to it still, and what is in it may be no edit of ours at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from chatdoc.engine.read_file import file_stat, holds, read_descriptor
from chatdoc.store.atomic_file import replace_atomically

ROUNDS_MAX = 16
"""So often a file is written again because somebody wrote to it at the same moment."""


class DisplacedFile:
    """The file that the last text of a document has displaced, or none."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._seen = ""
        """How it looked when all that it holds was known; empty while it is not."""

    @property
    def is_unseen(self) -> bool:
        """Whether it holds what nobody has taken."""
        return self._file is not None and _looks(self._file) != self._seen

    def keep(self, file: int, known: bytes) -> None:
        """Keep a file in place of the one before; it is seen where it holds just the `known` text."""
        before, self._file, self._seen = self._file, file, ""
        if before is not None:
            os.close(before)
        looks = _looks(file)  # Noted first, so that what comes while it is compared is unseen.
        if holds(file, known):
            self._seen = looks

    def take(self, take: Callable[[bytes], object]) -> None:
        """Hand over what it holds, if that is unseen; where taking it fails, it stays so."""
        if self._file is not None and self.is_unseen:
            looks = _looks(self._file)
            take(read_descriptor(self._file))
            self._seen = looks

    def pass_over(self) -> None:
        """Count what it holds as seen: it is nothing to take."""
        if self._file is not None:
            self._seen = _looks(self._file)

    def give_back(self, path: Path, ours: bytes) -> None:
        """Let what it holds have its place again, in which our text stands."""
        if self._file is not None:
            give_back(path, self._file, ours)

    def let_go(self) -> None:
        """Close it."""
        before, self._file = self._file, None
        if before is not None:
            os.close(before)


def give_back(path: Path, displaced: int, ours: bytes) -> None:
    """Put what a file that was displaced holds back under its name, in place of our text.

    What somebody has put there meanwhile is newer than it, and keeps the place in turn.
    """
    theirs, mode = read_descriptor(displaced), stat.S_IMODE(os.fstat(displaced).st_mode)
    for _ in range(ROUNDS_MAX):
        found: list[int] = []
        replace_atomically(path, [theirs], mode=mode, keep=found.append)
        with contextlib.ExitStack() as closing:
            for one in found:
                closing.callback(os.close, one)
            if all(holds(one, ours) for one in found):
                return
            ours, theirs, mode = theirs, read_descriptor(found[0]), stat.S_IMODE(os.fstat(found[0]).st_mode)


def _looks(file: int) -> str:
    return file_stat(os.fstat(file))
