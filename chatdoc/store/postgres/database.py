"""Transaction manager over a pool of sessions: a document's writers wait for each other at one row, and nowhere else.

No flag outlives a call but one: a COMMIT whose answer was lost. The next call waits for the lock that such a
transaction held, so that it is over, and counts nothing on what memory has.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, TypeVar

import psycopg

from chatdoc.model.errors import CommitUnknown, StoreError
from chatdoc.store.postgres.answers import Answers
from chatdoc.store.postgres.catalog import PostgresCatalog
from chatdoc.store.postgres.fenced_lock import fenced_lock, wait_for_writer
from chatdoc.store.postgres.looked import Looked
from chatdoc.store.postgres.order_row import Locked
from chatdoc.store.postgres.pool import Pool
from chatdoc.store.postgres.postgres_errors import START_OVER, failure, is_lost_connection
from chatdoc.store.postgres.session import Session
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.database import Ahead, Catalog, Question, Questions, Version
from chatdoc.store.sql.open_calls import is_on_stack, read_only, require_own_process
from chatdoc.store.sqlite.sqlite_errors import unreadable

_Answer = TypeVar("_Answer")
_ONE_MOMENT = "ISOLATION LEVEL REPEATABLE READ"


class PostgresDatabase:
    """One document's rows; any thread may use it, one at a time."""

    def __init__(self, pool: Pool, document: str, *, prefix: str = "", readonly: bool = False) -> None:
        self.document, self.readonly = document, readonly
        self.place = None if readonly else pool.place()
        """Of this process among the servers, when the document was opened; who only reads needs none, nor leave to
        write one, and may do so of a standby."""
        self.pool = pool.enter()
        self.prefix = prefix
        """What stands before the name of the document's file in its name here."""
        self.name, self.start_over = f"{pool.name}#{document}", START_OVER
        self.faults: tuple[type[Exception], ...] = (psycopg.Error,)
        self.without_receipt: set[str] = set()
        self.catalog: Catalog = PostgresCatalog(self)
        self.lock, self.looked = threading.RLock(), Looked(document, self.name)
        self.is_closed = self.is_retired = False
        self.known_version = self.coming_version = 0
        """What this object wrote or saw last, and what its COMMIT that has no answer yet makes: hints of no news."""
        self._pid = os.getpid()
        self._session: Session | None = None
        """Of the transaction that is open, or of a call that was interrupted."""
        self._locked: Locked | None = None
        self._frame: FrameType | None = None
        self.own_versions = self._generation = 0
        """How many of the versions are commits of this object, and how often it may have lost count of them."""
        self._is_unsettled = False
        """Whether a COMMIT of ours may still be on its way."""

    # questions

    def rows(self, question: str, values: Sequence[Any], doing: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; errors come out as StoreError."""
        found = None if self.is_inside() else self.looked.take(question, values)
        if found is not None:
            return found
        return self.ask(lambda execute: execute(question, values).fetchall(), doing)

    def ask(self, read: Callable[[Execute], _Answer], doing: str) -> _Answer:
        """What `read` finds, as the open transaction sees it where this thread has one."""
        require_own_process(self._pid, self.name)
        with self.lock:
            try:
                if self.is_inside():
                    return read(self.connection().execute)
                return self._with_session(read)
            except psycopg.Error as error:
                raise self.failed(error, doing) from error
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise unreadable(error, self.name, doing) from error

    def at_one_moment(self, read: Callable[[], _Answer], doing: str) -> _Answer:
        """What `read` finds by asking this, all as of one moment; it may be called twice."""
        require_own_process(self._pid, self.name)
        with self.lock:
            if self.is_inside():
                return read()
            try:
                return self._transact(_ONE_MOMENT, read, doing, ())
            except StoreError as error:
                if not is_lost_connection(error.__cause__):
                    raise
                self.pool.forget_idle()
                return self._transact(_ONE_MOMENT, read, doing, ())

    def ask_at_one_moment(self, read: Callable[[Execute], _Answer], doing: str) -> _Answer:
        """See `Tables`."""
        return self.at_one_moment(lambda: self.ask(read, doing), doing)

    def version(self) -> Version:
        """Changes whenever somebody else committed, or this may have lost count."""
        with self.lock:
            if self.is_inside() and self._locked is not None:
                self.is_retired = self._locked.counts.is_retired
                return self._generation, self._locked.version - self.own_versions
            return self.look(())

    def look(self, questions: Questions) -> Version:
        """The version, and in the same trip, for later, the answers to what is asked where it has changed."""
        with self.lock:
            seen = self.ask(lambda run: self.looked.look(run, questions), "be asked for changes")
            self.known_version, self.is_retired, head = seen
            self._generation += self.looked.is_another_log(self.known_version, head)
            return self._generation, self.known_version - self.own_versions

    # changes

    def transact(self, work: Callable[[], _Answer], doing: str, ahead: Ahead = tuple) -> _Answer:
        """Do something in one transaction that is written whole or not at all; see the port."""
        require_own_process(self._pid, self.name)
        with self.lock:
            assert not self.is_inside(), "a transaction is open in this thread already; write in that one"
            self.require_writable()
            return self._transact("", work, doing, ahead())

    def read_ahead(self, questions: Questions) -> None:
        """See the port: they go out together, and whoever looks at the first answer waits for all."""
        self.connection().read_ahead(questions)

    def change(self, work: Callable[[Execute, ExecuteMany], _Answer], doing: str) -> _Answer:
        """Write rows, in the transaction that this thread has open, or else in one of its own."""
        with self.lock:
            if not self.is_inside():
                return self.transact(lambda: self.change(work, doing), doing)
            session = self.connection()
            try:
                return work(session.execute, session.executemany)
            except psycopg.Error as error:
                raise self.failed(error, doing) from error

    def connection(self) -> Session:
        """The session of the open transaction; for the rooms of the store alone."""
        assert self._session is not None, "a transaction is open"
        return self._session

    def locked(self) -> Locked:
        """The row that the open transaction has locked."""
        assert self._locked is not None, "a transaction that writes is open"
        return self._locked

    def failed(self, error: psycopg.Error, doing: str) -> Exception:
        """The error to raise for one of PostgreSQL's."""
        return failure(error, self.name, doing)

    def is_inside(self) -> bool:
        """Whether this thread is within a call that has a transaction open."""
        return is_on_stack(self._frame)

    @contextlib.contextmanager
    def reader(self, questions: Sequence[Question]) -> Iterator[Answers]:
        """Answers these questions as of one moment; they are asked at once, so nothing stays open."""
        with self.lock:
            yield self.ask_at_one_moment(lambda execute: Answers(execute, questions), "be read")

    # what is there

    def require_writable(self) -> None:
        """Raise ReadOnlyTarget where this was opened for reading only."""
        if self.readonly:
            raise read_only(self.name)

    def require_open(self) -> None:
        """Raise StoreError once this is closed, and DocumentFailed in a child of the process that opened it."""
        require_own_process(self._pid, self.name)
        if self.is_closed:
            raise StoreError(f"the store {self.name} is closed", hint="Open the document again")

    def close(self) -> None:
        """Let go of the database. In a forked child nothing is touched."""
        if self.is_closed:
            return
        if os.getpid() == self._pid:
            with self.lock:
                self.is_closed = True
                self._drop()
        self.is_closed = True
        self.pool.leave()

    # sessions

    def _with_session(self, read: Callable[[Execute], _Answer]) -> _Answer:
        def ask(session: Session) -> _Answer:
            session.speak_for(self.document)
            return read(session.execute)

        return self.pool.asked(self._ready(), ask)

    def _transact(self, how: str, work: Callable[[], _Answer], doing: str, ahead: Questions) -> _Answer:
        session = self._ready()
        self.without_receipt.clear()
        self.looked.forget()
        try:
            self._session, self._frame = session, sys._getframe()
            try:
                self._locked = self._begin(session, how, ahead)
            except psycopg.Error as error:
                if not is_lost_connection(error):
                    raise
                # Nothing was sent but questions: a server that was started anew is asked once more.
                self.pool.forget_idle()
                session.close()
                session = self._session = self.pool.fresh()
                self._locked = self._begin(session, how, ahead)
            answer = work()
            version = self._commit(session, doing)
        except BaseException as error:
            self._is_unsettled |= session.may_have_committed
            self._frame = None
            self._undo(session, error)
            if isinstance(error, psycopg.Error):
                raise self.failed(error, doing) from error
            raise
        self._frame = self._session = self._locked = None
        self.pool.give(session)
        if version:
            self.pool.hints.tell(self.document, version)
        return answer

    def _begin(self, session: Session, how: str, ahead: Questions) -> Locked | None:
        session.begin(how)
        if how:
            session.speak_for(self.document)
            session.wait()
            return None
        assert self.place is not None, "who may write has a place"
        locked = fenced_lock(session, self.pool, self.document, self.place, ahead, self.name)
        self._generation += self.looked.is_another_log(locked.version, locked.counts.head)
        return locked

    def _commit(self, session: Session, doing: str) -> int:
        """End the transaction; returns the version that others are to be told of, 0 for none."""
        locked = self._locked
        if locked is None:
            session.end()
            return 0
        locked.advance(session)
        self.coming_version = version = locked.version + 1
        hint = self.pool.hints.behind_commit(self.document, version)
        self._is_unsettled = True
        session.commit(self.name, doing, hint)
        # Counted as ours first and settled then: struck in between, it is taken for another's, and read anew.
        self.own_versions += 1
        self.known_version = version
        self.looked.is_another_log(version, (locked.after or locked.counts).head)
        self._is_unsettled = False
        return 0 if hint else version

    def _undo(self, session: Session, error: BaseException) -> None:
        """Undo a transaction; a session that an interrupt or the database's error struck is not used again."""
        self._session = self._locked = None
        self.coming_version = 0  # Whoever compares versions finds out whose it is.
        if not isinstance(error, Exception) or isinstance(error, psycopg.Error | CommitUnknown):
            session.close()
            return
        self.pool.give_undone(session)

    def _ready(self) -> Session:
        """A session, with nothing on its way that no running call has sent."""
        self.require_open()
        if self._session is not None and not self.is_inside():
            self._drop()
        session = self.pool.take()
        if self._is_unsettled:
            self._settle(session)
        return session

    def _settle(self, session: Session) -> None:
        """Wait until a transaction whose COMMIT had no answer is over, one way or the other."""
        self._generation += 1
        try:
            wait_for_writer(session, self.document)
        except BaseException as error:
            session.close()
            if isinstance(error, psycopg.Error):
                raise self.failed(error, "find out whether its last change was stored") from error
            raise
        self._is_unsettled = False

    def _drop(self) -> None:
        session, self._session, self._locked = self._session, None, None
        if session is not None:
            session.close()
