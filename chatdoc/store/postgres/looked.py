"""Prefetch: answers that a look for changes brought along are there for whoever asks next, outside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatdoc.store.postgres.order_row import VERSION, gone
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql.database import Question, Questions

Rows = list[tuple[Any, ...]]


class Looked:
    """The answers; each is given once, and what it lacks has changed the version that it came with."""

    def __init__(self, document: str, name: str) -> None:
        self._document, self._name = document, name
        self._rows: dict[tuple[str, tuple[Any, ...]], Rows] = {}
        self._seen: tuple[int, bytes | None] | None = None

    def is_another_log(self, version: int, head: bytes | None) -> bool:
        """Note the log's head at a version; whether it was another one before, as where a backup was put back."""
        before, self._seen = self._seen, (version, head)
        return before is not None and before[0] == version and before[1] != head

    def look(self, execute: Execute, questions: Questions) -> tuple[int, bool, bytes | None]:
        """The version of the document, whether it is retired, and its log's head; raises StoreGone without its row.

        The answers to questions are asked behind it, in the same trip, and kept.
        """
        self.forget()
        version = execute(VERSION, (self._document,))
        answers = [execute(*question) for question in questions]
        found: tuple[int, bool, bytes | None] | None = version.fetchone()
        if found is None:
            raise gone(self._name)
        for (statement, values), answer in zip(questions, answers, strict=True):
            self._rows[statement, tuple(values)] = answer.fetchall()
        return found

    def has(self, question: Question) -> bool:
        """Whether there is an answer."""
        return (question[0], tuple(question[1])) in self._rows

    def take(self, statement: str, values: Sequence[Any]) -> Rows | None:
        """The answer to a question, if it is there."""
        return self._rows.pop((statement, tuple(values)), None) if self._rows else None

    def forget(self) -> None:
        """Forget all: a transaction begins, or somebody looks anew."""
        self._rows = {}
