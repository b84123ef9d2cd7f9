"""Prefetch: questions that a transaction will ask are sent together with its lock, and answered without another trip.

An answer is forgotten when the transaction writes to a table that its question names, so that nobody is told what was
so before. Nobody else changes it meanwhile: who writes to a document holds its lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatdoc.store.postgres.merged_writes import table_of, words_of
from chatdoc.store.postgres.pending_answer import PendingAnswer


class ReadAhead:
    """Answers that are on their way, by statement and values."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, tuple[Any, ...]], PendingAnswer] = {}

    def keep(self, statement: str, values: Sequence[Any], answer: PendingAnswer) -> None:
        """Keep an answer for whoever asks the same in this transaction."""
        self._kept[statement, tuple(values)] = answer

    def take(self, statement: str, values: Sequence[Any]) -> PendingAnswer | None:
        """The answer to a question; a statement that writes has none, and takes what it makes untrue along."""
        if not self._kept:
            return None
        table = table_of(statement)
        if table is None:
            found = self._kept.get((statement, tuple(values)))
            return None if found is None else found.anew()
        for key in [key for key in self._kept if table in words_of(key[0])]:
            del self._kept[key]
        return None

    def forget(self) -> None:
        """Forget what is left, with the transaction that it was asked for."""
        self._kept.clear()
