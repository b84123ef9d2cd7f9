"""Session: statements go out without waiting for each other, prepared once, and whoever looks at an answer waits.

So a transaction costs as many trips as answers are looked at, and one for its end. After an error of the
database a session is of no use any more, so there is nothing to keep track of beyond that.
"""

from __future__ import annotations

import contextlib
import select
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import adapt, errors, pq

from chatdoc.model.errors import CommitUnknown
from chatdoc.store.postgres.dialect import escaped, translated
from chatdoc.store.postgres.postgres_errors import is_lost_connection
from chatdoc.store.postgres.read_ahead import ReadAhead
from chatdoc.store.postgres.schema_statements import SETTING

_SPEAK = f"SELECT set_config('{SETTING}', $1, false)"
_NO_LIMIT = "SET LOCAL statement_timeout = 0"
_BIGINT = psycopg.adapters.types["int8"].oid
_GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class PendingAnswer:
    """What a statement gives back, once somebody looks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._result: pq.abc.PGresult | None = None
        self._rows: list[Any] | None = None
        self._next = 0

    def put(self, result: pq.abc.PGresult) -> None:
        """Hear the answer."""
        self._result = result

    def anew(self) -> PendingAnswer:
        """This answer for one more reader, who begins at its first row."""
        self._next = 0
        return self

    @property
    def rowcount(self) -> int:
        """How many rows the statement wrote."""
        return self._arrived().command_tuples or 0

    @property
    def tag(self) -> str:
        """What the database says that it did."""
        return (self._arrived().command_status or b"").decode()

    def fetchone(self) -> Any:
        """The next row, or None."""
        rows = self._all()
        if self._next >= len(rows):
            return None
        self._next += 1
        return rows[self._next - 1]

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows = self._all()
        left, self._next = rows[self._next :] if self._next else rows, len(rows)
        return left

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def _arrived(self) -> pq.abc.PGresult:
        if self._result is None:
            self._session.wait()
        assert self._result is not None, "an answer comes for each statement, or an error"
        return self._result

    def _all(self) -> list[Any]:
        if self._rows is None:
            self._rows = self._session.rows_of(self._arrived())
        return self._rows


class Session:
    """One connection, used by one call at a time."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loading = adapt.Transformer(connection)
        self._prepared: dict[tuple[str, tuple[type, ...]], _Prepared] = {}
        self._answers = select.poll()
        self._answers.register(self._pg.socket, select.POLLIN)
        self._sent: deque[PendingAnswer | None] = deque()
        """Who waits for which answer, in the order of statements; None for one that nobody looks at."""
        self._ahead = ReadAhead()
        self._document: str | None = None
        self._is_spent = False
        """Whether a statement failed: what was prepared with it may not be there."""
        self.may_have_committed = False
        """Whether a COMMIT was sent whose answer nobody has seen."""

    def speak_for(self, document: str) -> None:
        """Let the session see and write the rows of one document from now on."""
        if self._document != document:
            self._document = None
            self.execute(_SPEAK, (document,))
            self._document = document

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> PendingAnswer:
        """Send a statement; nothing is waited for. One that was read ahead is on its way already."""
        ahead = self._ahead.take(statement, values)
        if ahead is not None:
            return ahead
        kinds = tuple(map(type, values))
        name, spellings, formats = self._prepared.get((statement, kinds)) or self._prepare(statement, kinds)
        sendable = [spell(value) for spell, value in zip(spellings, values, strict=True)]
        self._pg.send_query_prepared(name, sendable, formats, 1)
        answer = PendingAnswer(self)
        self._sent.append(answer)
        return answer

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Send a statement for each row of values."""
        for row in rows:
            self.execute(statement, row)

    def read_ahead(self, questions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Send questions that this transaction will ask, so that their answers come with the next one."""
        for statement, values in questions:
            self._ahead.keep(statement, values, self.execute(statement, values))

    def begin(self, document: str, how: str = "") -> None:
        """Open a transaction on the rows of a document."""
        self._ahead.forget()
        self.execute(f"BEGIN {how}")
        self.speak_for(document)

    def commit(self, name: str, doing: str) -> None:
        """End the transaction, in one trip with what is still on its way.

        Raises CommitUnknown where its answer is lost, and psycopg.Error where the transaction is not there.
        The limit of statements does not hold for a COMMIT: one that waits for a standby and is cancelled would be told
        as done without being there.
        """
        self._ahead.forget()
        self.execute(_NO_LIMIT)
        self.may_have_committed = True
        try:
            said = self.execute("COMMIT").tag
        except psycopg.Error as error:
            if is_lost_connection(error):
                raise CommitUnknown(
                    f"the store {name} was to {doing}, and the answer to its COMMIT was lost",
                    hint="Repeat the command with the same id: its receipt says whether it was done",
                ) from error
            self.may_have_committed = False
            raise
        self.may_have_committed = False
        if said != "COMMIT":
            raise errors.InFailedSqlTransaction(f"the transaction was ended by {said}")

    def rollback(self) -> None:
        """Undo the transaction, and with it whom the session speaks for."""
        self._document = None
        self._ahead.forget()
        self.execute("ROLLBACK")
        self.wait()

    def wait(self) -> None:
        """Wait for all answers; raises the error of the first statement that failed."""
        self._pg.pipeline_sync()
        failed: psycopg.Error | None = None
        while self._sent:
            result = self._take()
            assert result is not None, "each statement has an answer"
            if result.status in _GOOD:
                if (answer := self._sent[0]) is not None:
                    answer.put(result)
            elif failed is None:
                failed = errors.error_from_result(result)
            end = self._take()
            assert end is None, "a statement has one answer"
            self._sent.popleft()
        end = self._take()
        assert end is not None, "that of the sync"
        assert end.status == pq.ExecStatus.PIPELINE_SYNC, end.status
        if failed is not None:
            self._is_spent = True
            raise failed

    def rows_of(self, result: pq.abc.PGresult) -> list[Any]:
        """The rows of an answer."""
        self._loading.set_pgresult(result)
        return self._loading.load_rows(0, result.ntuples, tuple)

    @property
    def is_usable(self) -> bool:
        """Whether another call may use this session."""
        return (
            not self._is_spent and not self._sent and self._pg.transaction_status == pq.TransactionStatus.IDLE
        )

    def close(self) -> None:
        """Hang up; an open transaction is undone by the database."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    def __del__(self) -> None:
        self.close()

    def _prepare(self, statement: str, kinds: tuple[type, ...]) -> _Prepared:
        name = b"s%d" % len(self._prepared)
        types = [_BIGINT if kind in (int, bool) else 0 for kind in kinds]
        self._pg.send_prepare(name, translated(statement).encode(), types)
        self._sent.append(None)
        prepared = _Prepared(name, [_spelling(kind) for kind in kinds], [kind is bytes for kind in kinds])
        self._prepared[statement, kinds] = prepared
        return prepared

    def _take(self) -> pq.abc.PGresult | None:
        """The next answer, or None at the end of those of a statement."""
        pg = self._pg
        while pg.is_busy():
            if pg.flush():
                self._make_room()
            elif self._answers.poll():
                pg.consume_input()
        return pg.get_result()

    def _make_room(self) -> None:
        """Wait until more can be sent; what has come is read meanwhile, or neither side would go on."""
        ready = select.poll()
        ready.register(self._pg.socket, select.POLLIN | select.POLLOUT)
        if ready.poll()[0][1] & ~select.POLLOUT:
            self._pg.consume_input()


class _Prepared(NamedTuple):
    """A statement for values of some types: its name in this session, and how each value is sent."""

    name: bytes
    spellings: list[Callable[[Any], bytes | None]]
    formats: list[bool]
    """True for values that are sent as they are, and not as text."""


def _spelling(kind: type) -> Callable[[Any], bytes | None]:
    if kind is str:
        return _text
    if kind in (bytes, type(None)):
        return _as_it_is
    return _number if issubclass(kind, int) else bytes


def _text(value: str) -> bytes:
    return escaped(value).encode()


def _number(value: int) -> bytes:
    return b"%d" % value


def _as_it_is(value: bytes | None) -> bytes | None:
    return value
