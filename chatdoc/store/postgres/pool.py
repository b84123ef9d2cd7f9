"""Connection pool: sessions of one database are kept for the next call, and one that an interrupt struck is forgotten.

It counts nothing that an interrupt between two bytecodes could leave wrong: a session is in the list of idle ones, or
it belongs to the call that took it and ends with it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg

from chatdoc.model.errors import ChatdocError, StoreError
from chatdoc.store.postgres import servers
from chatdoc.store.postgres.connecting import LIMITS, Limits, connect, name_of
from chatdoc.store.postgres.deadline import Deadline, PatientConnection
from chatdoc.store.postgres.hints import Hints
from chatdoc.store.postgres.pooler import require_own_sessions
from chatdoc.store.postgres.postgres_errors import failure, is_lost_connection, is_without_room
from chatdoc.store.postgres.schema import prepare
from chatdoc.store.postgres.servers import Place
from chatdoc.store.postgres.session import Session
from chatdoc.store.process_identity import Process, Standing
from chatdoc.store.sql.open_calls import require_own_process

IDLE_MAX = 16
"""So many sessions are kept; more than that are opened while they are needed, up to what the database allows."""
STEP_MS = 100
"""So often whoever waits for a session looks whether the database has a connection for him."""
CONNECT_S = 10
BRIEF_S = 3
"""So long a connection is tried where the last one had no answer, or to tell the database that this process ends."""
_Answer = TypeVar("_Answer")
_ABANDONED: list[Session] = []
"""Sessions of a parent process, kept so that this child never closes them: that would end the parent's."""


class Pool:
    """The sessions of a process with one database; usable from any thread, and ended by the last who lets go of it."""

    def __init__(self, url: str, limits: Limits = LIMITS) -> None:
        self.url, self.name, self.limits = url, name_of(url), limits
        self._idle: list[Session] = []
        self._pid = os.getpid()
        self._users = 0
        self._lock, self._given = threading.Lock(), threading.Event()
        self._is_prepared = False
        self._place: Place | None = None
        self.hints = Hints(lambda: self._connect("hints", Deadline(limits.gone_ms, limits.gone_ms)))
        """Who else has written."""
        self._deadline = Deadline(limits.silent_ms, limits.gone_ms, self.hints.has_no_answer)

    def enter(self) -> Pool:
        """Use the pool until `leave`; brings the tables up to date at first."""
        with self._lock:
            self._users += 1
        try:
            if not self._is_prepared:
                self._idle.append(self._prepared())
                self._is_prepared = True
        except BaseException:
            self.leave()
            raise
        return self

    def _prepared(self) -> Session:
        """The first session, of a database whose tables are up to date."""
        connection = self._connect("store", self._deadline)
        brief = Deadline(BRIEF_S * 1000, BRIEF_S * 1000)
        try:
            require_own_sessions(connection, lambda: self._connect("store", brief), self.name)
            prepare(connection, self.name)
        except BaseException:
            connection.close()
            raise
        return Session(connection)

    def leave(self) -> None:
        """Use the pool no more; the last one closes its connections."""
        with self._lock:
            self._users -= 1
            is_last = self._users == 0
        if not is_last:
            return
        idle, self._idle = self._idle, []
        self._is_prepared = False  # The database may be another one when somebody comes again.
        if os.getpid() != self._pid:
            _ABANDONED.extend(idle)
            return
        self.hints.close()
        place, self._place, self.hints.place = self._place, None, None
        if place is not None:
            brief = Deadline(BRIEF_S * 1000, BRIEF_S * 1000)
            with contextlib.suppress(ChatdocError, psycopg.Error):
                session = idle.pop() if idle else Session(self._connect("store", brief, BRIEF_S))
                with contextlib.closing(session):
                    session.hurry(brief)
                    servers.leave(session, place)
        for session in idle:
            session.close()

    def take(self) -> Session:
        """A session nobody else uses; it may have gone to sleep with its server since it was used last.

        Where the database has no connection left, one that comes back is waited for, as long as for a document.
        """
        require_own_process(self._pid, self.name)
        for waited_ms in range(0, self.limits.lock_ms + 1, STEP_MS):
            session = self._idle_one()
            if session is not None:
                return session
            try:
                return self.fresh()
            except StoreError as error:
                if not is_without_room(error.__cause__) or waited_ms + STEP_MS > self.limits.lock_ms:
                    raise
            self._given.wait(STEP_MS / 1000)
            self._given.clear()
        raise AssertionError("the last one is returned or raised")

    def _idle_one(self) -> Session | None:
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:
                break
            if session.is_usable:
                return session
            session.close()
        return None

    def fresh(self) -> Session:
        """A session with a connection of its own, made now; raises StoreError."""
        require_own_process(self._pid, self.name)
        # The thread of the hints goes on trying for longer, and tells when there is an answer again.
        connect_s = BRIEF_S if self.hints.is_silent else CONNECT_S
        return Session(self._connect("store", self._deadline, connect_s))

    def _connect(self, purpose: str, deadline: Deadline, connect_s: int = CONNECT_S) -> PatientConnection:
        return connect(self.url, self.name, self.limits, deadline, purpose=purpose, connect_s=connect_s)

    def give(self, session: Session) -> None:
        """Keep a session for the next call, or hang up where it is of no use."""
        if self._users and len(self._idle) < IDLE_MAX and session.is_usable:
            self._idle.append(session)
        else:
            session.close()
        if not self._given.is_set():
            self._given.set()

    def give_undone(self, session: Session) -> None:
        """Undo the transaction of a session, and keep it where that worked."""
        try:
            session.rollback()
        except psycopg.Error:
            session.close()
        except BaseException:
            session.close()
            raise
        else:
            self.give(session)

    def asked(self, session: Session, work: Callable[[Session], _Answer]) -> _Answer:
        """What `work` finds with a session, or with a fresh one where its server was started anew meanwhile."""
        try:
            try:
                answer = work(session)
            except psycopg.Error as error:
                if not is_lost_connection(error) or session.may_have_committed:
                    raise
                session.close()
                self.forget_idle()
                session = self.fresh()
                answer = work(session)
        except BaseException:
            session.close()
            raise
        self.give(session)
        return answer

    def use(self, work: Callable[[Session], _Answer], doing: str) -> _Answer:
        """The same with a session of the pool; errors are StoreError."""
        try:
            return self.asked(self.take(), work)
        except psycopg.Error as error:
            raise failure(error, self.name, doing) from error

    def place(self) -> Place:
        """The place of this process among the servers; another one after it was shut out."""
        with self._lock:
            if self._place is None or self.hints.is_shut_out:
                self.hints.place, self.hints.is_shut_out = None, False
                self._place, clock_ms = self.use(servers.enter, "join the servers")
                self.hints.compare_clocks(clock_ms)
                self.hints.place = self._place
                self.hints.begin()
            return self._place

    def standing(self, process: Process) -> Standing:
        """See `servers.standing`; in a transaction of its own, whatever is open."""
        return self.use(
            lambda session: servers.standing(session, process, self.hints.back_since_ms),
            "look for a server",
        )

    def shut_out(self) -> None:
        """Let the next document that is opened take another place."""
        self.hints.is_shut_out = True

    def forget_idle(self) -> None:
        """Hang up all idle sessions: their server is another one now."""
        idle, self._idle = self._idle, []
        for session in idle:
            session.close()


_POOLS: dict[str, Pool] = {}


def pool_of(url: str) -> Pool:
    """The pool of a database, one for each process; `enter` it."""
    pool = _POOLS.get(url)
    if pool is None or pool._pid != os.getpid():
        pool = _POOLS[url] = Pool(url)
    return pool
