"""Session: a transaction costs as many trips as answers are looked at, and one for its end.

What it writes goes out with its end, as few statements. After an error of the database a session is of no use any
more, so there is nothing to keep track of beyond that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors

from chatdoc.model.errors import CommitUnknown
from chatdoc.store.postgres.deadline import Deadline, PatientConnection, Unanswered
from chatdoc.store.postgres.merged_writes import Write, ends_of, gathered, table_of
from chatdoc.store.postgres.pending_answer import PendingAnswer
from chatdoc.store.postgres.pipeline import Pipeline
from chatdoc.store.postgres.postgres_errors import is_lost_connection
from chatdoc.store.postgres.read_ahead import ReadAhead
from chatdoc.store.postgres.schema_statements import SPEAK
from chatdoc.store.postgres.write_behind import BULKY, MARKS, SAVE, WriteBehind
from chatdoc.store.sql.database import Question

_SPEAK = f"SELECT {SPEAK}"
_NO_LIMIT = "SELECT set_config('statement_timeout', '0', true)"
_NOTHING = "SELECT 1"


class Session:
    """One connection, used by one call at a time."""

    def __init__(self, connection: PatientConnection) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._pipeline = Pipeline(connection)
        self._ahead, self._behind = ReadAhead(), WriteBehind()
        self._is_inside = False
        """Whether a transaction is open, whose writes are held."""
        self._document: str | None = None
        self.may_have_committed = False
        """Whether a COMMIT was sent whose answer nobody has seen."""

    def speak_for(self, document: str) -> None:
        """Let the session see and write the rows of one document from now on."""
        if self._document != document:
            self._document = None
            self.execute(_SPEAK, (document,))
            self._document = document

    def speaks_for(self, document: str) -> None:
        """Note whom a statement that was sent lets the session speak for."""
        self._document = document

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> PendingAnswer:
        """Send a statement, or hold it where it writes; nothing is waited for.

        A question that was read ahead is on its way already.
        """
        ahead = self._ahead.take(statement, values)
        if ahead is not None:
            return ahead
        answer = PendingAnswer(self._await, self._pipeline.rows_of)
        table = table_of(statement) if self._is_inside else None
        if table is not None:
            self._behind.hold(statement, values, answer, table)
            if self._behind.is_full or table in BULKY:
                self._push()
                self._pipeline.flush()
            return answer
        if self._is_inside:
            if statement in MARKS:
                if self._behind.mark(statement):
                    self._pipeline.send(statement, (), None)
                return answer
            if self._behind.writes and not self._behind.lets_pass(statement):
                self._push()
        self._pipeline.send(statement, values, answer)
        return answer

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Send a statement for each row of values, or hold it."""
        for row in rows:
            self.execute(statement, row)

    def read_ahead(self, questions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Send questions that this transaction will ask, so that their answers come with the next one."""
        for statement, values in questions:
            self._ahead.keep(statement, values, self.execute(statement, values))

    def begin(self, how: str = "") -> None:
        """Open a transaction."""
        self._ahead.forget()
        self._behind.forget()
        self.execute(f"BEGIN {how}")
        self._is_inside = True

    def commit(self, name: str, doing: str, behind: Question | None = None) -> None:
        """End the transaction, in one trip with what is still on its way, and with a statement behind it.

        Raises CommitUnknown where its answer is lost, and psycopg.Error where the transaction is not there; what comes
        of the statement behind it is nobody's concern.
        The database's limit of statements does not hold for a COMMIT: one that waits for a standby and is cancelled
        would be told as done without being there. One that is not answered for longer is unknown, as one that is lost.
        """
        self._ahead.forget()
        self._push(_NO_LIMIT)
        self._is_inside = False
        self.may_have_committed = True
        committed = self.execute("COMMIT")
        if behind is not None:
            self._pipeline.send(*behind, None)
        try:
            self.wait()
        except psycopg.Error as error:
            if not committed.has_arrived:
                if is_lost_connection(error):
                    why = f": {error}" if isinstance(error, Unanswered) else ""
                    raise CommitUnknown(
                        f"the store {name} was to {doing}, and the answer to its COMMIT was lost{why}",
                        hint="Repeat the command with the same id: its receipt says whether it was done",
                    ) from error
                self.may_have_committed = False
                raise
        self.may_have_committed = False
        if committed.tag != "COMMIT":
            raise errors.InFailedSqlTransaction(f"the transaction was ended by {committed.tag}")

    def end(self) -> None:
        """End a transaction that has written nothing, so that it is all the same whether the answer is lost."""
        self._ahead.forget()
        self._is_inside = False
        self.execute("COMMIT")
        self.wait()

    def rollback(self) -> None:
        """Undo the transaction, and with it whom the session speaks for."""
        self._document, self._is_inside = None, False
        self._ahead.forget()
        self._behind.forget()
        self.execute("ROLLBACK")
        self.wait()

    def wait(self) -> None:
        """Send what is held and wait for all answers; raises the error of the first statement that failed."""
        if self._is_inside:
            self._push()
        self._pipeline.wait()

    @property
    def is_usable(self) -> bool:
        """Whether another call may use this session."""
        return self._pipeline.is_usable and not self._is_inside

    def hurry(self, deadline: Deadline) -> None:
        """Wait for the database no longer than this from now on."""
        self._pipeline.deadline = deadline

    def close(self) -> None:
        """Hang up; an open transaction is undone by the database."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    def __del__(self) -> None:
        self.close()

    def _await(self, answer: PendingAnswer) -> None:
        """Wait for an answer; where its statement is held, each that is held goes out by itself."""
        if self._behind.holds(answer):
            self._push(is_looked_at=True)
        self.wait()

    def _push(self, last: str = "", *, is_looked_at: bool = False) -> None:
        """Send what is held, as few statements unless somebody looks at what they say, and `last` with them."""
        if self._behind.writes:
            writes, answers, begin, is_new = self._behind.take()
            if begin is not None and is_new:
                self._send(writes[:begin], answers if is_looked_at else None)
                self._pipeline.send(SAVE, (), None)
                writes, answers = writes[begin:], answers[begin:]
            if self._send(writes, answers if is_looked_at else None, last):
                return
        if last:
            self._pipeline.send(last, (), None)

    def _send(self, writes: list[Write], answers: list[PendingAnswer] | None, last: str = "") -> bool:
        """Send writes, each by itself where their answers are looked at; whether `last` was done with them."""
        if answers is not None:
            for (statement, values), answer in zip(writes, answers, strict=False):
                self._pipeline.send(statement, values, answer)
            return False
        statements = tuple([statement for statement, _ in writes])
        if len(set(statements)) < len(statements):
            writes = gathered(writes)
            statements = tuple([statement for statement, _ in writes])
        begin = 0
        for end in ends_of(statements) if statements else ():
            group = writes[begin:end]
            with_last = last if end == len(writes) else ""
            if (len(group) > 1 or with_last) and self._pipeline.send_together(group, with_last or _NOTHING):
                if with_last:
                    return True
            else:
                for statement, values in group:
                    self._pipeline.send(statement, values, None)
            begin = end
        return False
