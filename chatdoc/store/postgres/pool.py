"""Connection pool: sessions of one database are kept for the next call, and one that an interrupt struck is forgotten.

It counts nothing that an interrupt between two bytecodes could leave wrong: a session is in the list of idle ones, or
it belongs to the call that took it and ends with it.
"""

from __future__ import annotations

import os
import threading

from chatdoc.store.postgres.connecting import LIMITS, Limits, connect, name_of
from chatdoc.store.postgres.hints import Hints
from chatdoc.store.postgres.schema import prepare
from chatdoc.store.postgres.session import Session
from chatdoc.store.sql.open_calls import require_own_process

IDLE_MAX = 16
"""So many sessions are kept; more than that are opened while they are needed, up to what the database allows."""
_ABANDONED: list[Session] = []
"""Sessions of a parent process, kept so that this child never closes them: that would end the parent's."""


class Pool:
    """The sessions of a process with one database; usable from any thread, and ended by the last who lets go of it."""

    def __init__(self, url: str, limits: Limits = LIMITS) -> None:
        self.url, self.name, self.limits = url, name_of(url), limits
        self._idle: list[Session] = []
        self._pid = os.getpid()
        self._users = 0
        self._lock = threading.Lock()
        self._is_prepared = False
        self.hints = Hints(lambda: connect(url, self.name, limits, purpose="hints"))
        """Who else has written."""

    def enter(self) -> Pool:
        """Use the pool until `leave`; brings the tables up to date at first."""
        with self._lock:
            self._users += 1
        try:
            if not self._is_prepared:
                with connect(self.url, self.name, self.limits, purpose="schema") as connection:
                    prepare(connection, self.name)
                self._is_prepared = True
        except BaseException:
            self.leave()
            raise
        return self

    def leave(self) -> None:
        """Use the pool no more; the last one closes its connections."""
        with self._lock:
            self._users -= 1
            is_last = self._users == 0
        if not is_last:
            return
        idle, self._idle = self._idle, []
        if os.getpid() != self._pid:
            _ABANDONED.extend(idle)
            return
        self.hints.close()
        for session in idle:
            session.close()

    def take(self) -> Session:
        """A session nobody else uses; it may have gone to sleep with its server since it was used last."""
        require_own_process(self._pid, self.name)
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:
                break
            if session.is_usable:
                return session
            session.close()
        return self.fresh()

    def fresh(self) -> Session:
        """A session with a connection of its own, made now; raises StoreError."""
        require_own_process(self._pid, self.name)
        return Session(connect(self.url, self.name, self.limits, purpose="store"))

    def give(self, session: Session) -> None:
        """Keep a session for the next call, or hang up where it is of no use."""
        if self._users and len(self._idle) < IDLE_MAX and session.is_usable:
            self._idle.append(session)
        else:
            session.close()

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
