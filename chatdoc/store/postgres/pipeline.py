"""Pipeline: prepared statements go out without waiting for each other, and their answers come in the same order."""

from __future__ import annotations

import select
from collections import Counter, deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import psycopg
from psycopg import adapt, errors, pq

from chatdoc.store.postgres.arrays import ARRAY
from chatdoc.store.postgres.deadline import PatientConnection
from chatdoc.store.postgres.dialect import escaped, translated
from chatdoc.store.postgres.merged_writes import Write, merged
from chatdoc.store.postgres.pending_answer import PendingAnswer

_BIGINT = psycopg.adapters.types["int8"].oid
_GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_COMMON = 3
"""A statement that is merged of others is prepared once it has come so often in this process."""
_MERGED_MAX = 100
"""So many of them one connection has prepared at most: each takes memory in the database."""
_seen: Counter[tuple[Any, ...]] = Counter()


class Pipeline:
    """One connection, used by one call at a time."""

    def __init__(self, connection: PatientConnection) -> None:
        self._pg = connection.pgconn
        self.deadline = connection.deadline
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loading = adapt.Transformer(connection)
        self._prepared: dict[tuple[Any, ...], _Prepared] = {}
        self._merged = 0
        self._answers = select.poll()
        self._answers.register(self._pg.socket, select.POLLIN)
        self._sent: deque[PendingAnswer | None] = deque()
        """Who waits for which answer, in the order of statements; None for one that nobody looks at."""
        self.is_spent = False
        """Whether a statement failed: what was prepared with it may not be there."""

    def send(self, statement: str, values: Sequence[Any], answer: PendingAnswer | None) -> None:
        """Send a statement."""
        kinds = tuple(map(type, values))
        name, spellings, formats = self._prepared.get((statement, kinds)) or self._prepare(
            (statement, kinds), translated(statement), kinds
        )
        sendable = [spell(value) for spell, value in zip(spellings, values, strict=True)]
        self._pg.send_query_prepared(name, sendable, formats, 1)
        self._sent.append(answer)

    def send_together(self, writes: Sequence[Write], last: str) -> bool:
        """Send writes as one statement, and `last` with it; false for some that are too rare to prepare that."""
        statements = tuple([statement for statement, _ in writes])
        values = list(chain.from_iterable([some for _, some in writes]))
        kinds = tuple(map(type, values))
        found = self._prepared.get((last, statements, kinds))
        if found is None:
            shape = statements, kinds
            if _seen[shape] < _COMMON or self._merged == _MERGED_MAX:
                _note(shape)
                return False
            self._merged += 1
            found = self._prepare((last, statements, kinds), merged(statements, last), kinds)
        sendable = [spell(value) for spell, value in zip(found.spellings, values, strict=True)]
        self._pg.send_query_prepared(found.name, sendable, found.formats, 1)
        self._sent.append(None)
        return True

    def flush(self) -> None:
        """Let what was sent be on its way, and wait until the connection has taken it: nothing piles up before it."""
        while self._pg.flush():
            self._make_room()

    def wait(self) -> None:
        """Wait for all answers; raises the error of the first statement that failed."""
        self._pg.pipeline_sync()
        failed: psycopg.Error | None = None
        while self._sent:
            result = self._take()
            if result is None:
                failed = failed or _gone()
                break
            if result.status in _GOOD:
                if (answer := self._sent[0]) is not None:
                    answer.put(result)
            elif failed is None:
                failed = errors.error_from_result(result)
            end = self._pg.get_result()  # It waits for nothing: the statement has ended.
            assert end is None, "a statement has one answer"
            self._sent.popleft()
        end = self._take()
        if end is None or end.status != pq.ExecStatus.PIPELINE_SYNC:
            # The server went away behind its last answer, with a word about that or without.
            failed = failed or (_gone() if end is None else errors.error_from_result(end))
        if failed is not None:
            self.is_spent = True
            raise failed

    def rows_of(self, result: pq.abc.PGresult) -> list[Any]:
        """The rows of an answer."""
        self._loading.set_pgresult(result)
        return self._loading.load_rows(0, result.ntuples, tuple)

    @property
    def is_usable(self) -> bool:
        """Whether another call may use it."""
        return (
            not self.is_spent and not self._sent and self._pg.transaction_status == pq.TransactionStatus.IDLE
        )

    def _prepare(self, key: tuple[Any, ...], text: str, kinds: Sequence[type]) -> _Prepared:
        name = b"s%d" % len(self._prepared)
        self._pg.send_prepare(name, text.encode(), [_type_of(kind) for kind in kinds])
        self._sent.append(None)
        prepared = _Prepared(
            name, [_spelling(kind) for kind in kinds], [issubclass(kind, bytes) for kind in kinds]
        )
        self._prepared[key] = prepared
        return prepared

    def _take(self) -> pq.abc.PGresult | None:
        """The next answer, or None at the end of those of a statement."""
        pg = self._pg
        while pg.is_busy():
            if pg.flush():
                self._make_room()
            else:
                self._await(self._answers)
                pg.consume_input()
        return pg.get_result()

    def _make_room(self) -> None:
        """Wait until more can be sent; what has come is read meanwhile, or neither side would go on."""
        ready = select.poll()
        ready.register(self._pg.socket, select.POLLIN | select.POLLOUT)
        if self._await(ready) & ~select.POLLOUT:
            self._pg.consume_input()

    def _await(self, ready: select.poll) -> int:
        """Wait until something comes, or can be sent; raises Unanswered."""
        waited_ms = 0
        while not (found := ready.poll(self.deadline.step_ms)):
            waited_ms += self.deadline.step_ms
            try:
                self.deadline.require(waited_ms)
            except BaseException:
                self.is_spent = True
                raise
        return found[0][1]


class _Prepared(NamedTuple):
    """A statement for values of some types: its name in this connection, and how each value is sent."""

    name: bytes
    spellings: list[Callable[[Any], bytes | None]]
    formats: list[bool]
    """True for values that are sent as they are, and not as text."""


def _gone() -> psycopg.OperationalError:
    return psycopg.OperationalError("the connection was lost")


def _note(shape: tuple[Any, ...]) -> None:
    if len(_seen) == 1000:
        _seen.clear()
    _seen[shape] += 1


def _type_of(kind: type) -> int:
    return _BIGINT if kind in (int, bool) else ARRAY.get(kind, 0)


def _spelling(kind: type) -> Callable[[Any], bytes | None]:
    if kind is str:
        return _text
    if kind is type(None) or issubclass(kind, bytes):
        return _as_it_is
    return _number if issubclass(kind, int) else bytes


def _text(value: str) -> bytes:
    # The test is that of `escaped`, without a call for each of thirty texts of a command.
    return escaped(value).encode() if "\0" in value or "\x1a" in value else value.encode()


def _number(value: int) -> bytes:
    return b"%d" % value


def _as_it_is(value: bytes | None) -> bytes | None:
    return value
