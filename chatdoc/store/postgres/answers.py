"""Prefetch: questions that are asked together, as of one moment, are answered one by one without a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.database import Question


class Answers:
    """The answers to questions; it knows no others."""

    def __init__(self, execute: Execute, questions: Sequence[Question]) -> None:
        self._found = {(sql, tuple(values)): execute(sql, values) for sql, values in questions}

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """The answer to one of them."""
        return self._found[statement, tuple(values)]

    def executemany(self, statement: str, rows: Any, /) -> object:
        """Nothing is written here."""
        raise AssertionError("answers are read")
