"""Write-behind: what a transaction writes is held until somebody asks for what it may change, or the transaction ends.

So the database hears nothing of a piece of work that is refused alone, and of a savepoint only where such a piece asked
for something in between.
"""

from __future__ import annotations

from chatdoc.store.postgres.merged_writes import Values, Write, table_of, words_of
from chatdoc.store.postgres.pending_answer import PendingAnswer

HELD_MAX = 512
"""So many statements are held at most."""
HELD_BYTES = 8_000_000
"""And no more once their values have so many bytes: what the connection does not take yet is moved with each part that
it takes, and it holds 2 GB at most."""
BULKY = frozenset({"update_runs", "event_runs", "pieces", "baseline_pieces"})
"""Tables whose rows are large and slow to make: each goes out at once, or the database would take whoever makes the
next one for hung."""
SAVE, _KEEP, _UNDO = "SAVEPOINT work", "RELEASE work", "ROLLBACK TO work"
MARKS = frozenset({SAVE, _KEEP, _UNDO})
"""What a group says around each piece of work that may be undone alone."""


class WriteBehind:
    """The writes of the open transaction that the database has not heard of."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Hold nothing: a transaction begins, or was undone."""
        self.writes: list[Write] = []
        self._bytes = 0
        self._answers: list[PendingAnswer] = []
        """Who may look at what each of them says."""
        self._tables: set[str] = set()
        self._begin: int | None = None
        """Where the piece of work begins that may be undone alone."""
        self._is_told = False
        """Whether the database has heard of that place."""

    def hold(self, statement: str, values: Values, answer: PendingAnswer, table: str) -> None:
        """Hold a statement that writes to a table."""
        self.writes.append((statement, values))
        self._answers.append(answer)
        self._tables.add(table)
        for value in values:
            if value.__class__ is str or value.__class__ is bytes:
                self._bytes += len(value)

    @property
    def is_full(self) -> bool:
        """Whether what is held should go out."""
        return len(self.writes) >= HELD_MAX or self._bytes >= HELD_BYTES

    def holds(self, answer: PendingAnswer) -> bool:
        """Whether the statement is held whose answer this is to be."""
        return answer in self._answers

    def lets_pass(self, statement: str) -> bool:
        """Whether a question finds the same before what is held as behind it."""
        words = words_of(statement)
        is_question = statement.startswith("SELECT ") and "FROM" in words and "FOR" not in words
        return is_question and self._tables.isdisjoint(words)

    def take(self) -> tuple[list[Write], list[PendingAnswer], int | None, bool]:
        """What is to be sent, with its answers; where the open piece of work begins in it, and whether that is new."""
        writes, answers, begin, is_new = self.writes, self._answers, self._begin, not self._is_told
        self.writes, self._answers, self._tables, self._bytes = [], [], set(), 0
        if begin is not None:
            self._begin, self._is_told = 0, True
        return writes, answers, begin, is_new

    def mark(self, statement: str) -> bool:
        """Hear where a piece of work begins, ends or is undone; whether the database must hear of that too."""
        if statement == SAVE:
            self._begin, self._is_told = len(self.writes), False
            return False
        is_told = self._is_told
        if statement == _UNDO:
            del self.writes[self._begin :], self._answers[self._begin :]
            self._tables = {table_of(statement) or "" for statement, _ in self.writes}
        elif statement == _KEEP:
            self._begin, self._is_told = None, False
        return is_told
