"""Write-behind: what a transaction writes is held until somebody asks for what it may change, or the transaction ends.

So the database hears nothing of a piece of work that is refused alone, and of a savepoint only where such a piece asked
for something in between.
"""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.store.postgres.merged_writes import Values, table_of, words_of
from chatdoc.store.postgres.pending_answer import PendingAnswer

HELD_MAX = 512
"""So many statements are held at most."""
SAVE, _KEEP, _UNDO = "SAVEPOINT work", "RELEASE work", "ROLLBACK TO work"
MARKS = frozenset({SAVE, _KEEP, _UNDO})
"""What a group says around each piece of work that may be undone alone."""


class Held(NamedTuple):
    """A statement that is held, its values, and who may look at its answer."""

    statement: str
    values: Values
    answer: PendingAnswer


class WriteBehind:
    """The writes of the open transaction that the database has not heard of."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Hold nothing: a transaction begins, or was undone."""
        self._held: list[Held] = []
        self._tables: set[str] = set()
        self._begin: int | None = None
        """Where the piece of work begins that may be undone alone."""
        self._is_told = False
        """Whether the database has heard of that place."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    @property
    def is_full(self) -> bool:
        """Whether it is time to send what is held."""
        return len(self._held) >= HELD_MAX

    def hold(self, statement: str, values: Values, answer: PendingAnswer) -> bool:
        """Hold a statement; false for one that writes nothing, and goes out by itself."""
        table = table_of(statement)
        if table is None:
            return False
        self._held.append(Held(statement, values, answer))
        self._tables.add(table)
        return True

    def holds(self, answer: PendingAnswer) -> bool:
        """Whether the statement is held whose answer this is to be."""
        return answer in [one.answer for one in self._held]

    def lets_pass(self, statement: str) -> bool:
        """Whether a question finds the same before what is held as behind it."""
        words = words_of(statement)
        is_question = statement.startswith("SELECT ") and "FROM" in words and "FOR" not in words
        return is_question and self._tables.isdisjoint(words)

    def take(self) -> tuple[list[Held], list[Held], bool]:
        """What is to be sent: what comes before the open piece of work, what that wrote, and whether it is new."""
        held, begin = self._held, self._begin
        self._held, self._tables = [], set()
        if begin is None:
            return held, [], False
        is_new, self._begin, self._is_told = not self._is_told, 0, True
        return held[:begin], held[begin:], is_new

    def mark(self, statement: str) -> bool:
        """Hear where a piece of work begins, ends or is undone; whether the database must hear of that too."""
        if statement == SAVE:
            self._begin, self._is_told = len(self._held), False
            return False
        is_told = self._is_told
        if statement == _UNDO:
            del self._held[self._begin :]
            self._tables = {table_of(one.statement) or "" for one in self._held}
        elif statement == _KEEP:
            self._begin, self._is_told = None, False
        return is_told
