"""Servers that wait for one document get it in the order they came, however slow the database is at waking one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatdoc.store.postgres.order_row import Locked, lock
from chatdoc.store.postgres.pool import Pool
from chatdoc.store.postgres.session import Session
from tests.postgres_cluster import Cluster
from tests.store import postgres_stores

_WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'chatdoc store'"
    " AND datname = 'queue'"
)


class Writer:
    """A server that asks for the lock of a document in a thread."""

    def __init__(self, pool: Pool, document: str) -> None:
        self.session: Session = pool.fresh()
        self.locked: Locked | None = None
        self._thread = threading.Thread(target=self._ask, args=(document,))
        self._thread.start()

    def _ask(self, document: str) -> None:
        self.session.begin()
        self.locked = lock(self.session, document)()

    @property
    def has_it(self) -> bool:
        """Whether it has the lock."""
        return self.locked is not None

    def commit(self) -> None:
        """Write the document's row anew and let go of it."""
        self._thread.join(60)
        assert self.locked is not None
        self.locked.advance(self.session)
        self.session.commit("queue", "write")
        self.session.close()


@pytest.fixture
def pool(postgres: Cluster) -> Iterator[Pool]:
    """The sessions of a database of this test's own."""
    pool = Pool(postgres.create_database("queue")).enter()
    yield pool
    pool.leave()


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(6000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about")


def test_who_comes_later_passes_nobody(postgres: Cluster, pool: Pool, tmp_path: Path) -> None:
    """The lock is handed to the one who has waited longest, also where his part of the database has not woken yet."""
    with postgres_stores.creating(pool.url)(tmp_path) as store:
        document = store._database.document  # type: ignore[attr-defined]
        first = Writer(pool, document)
        until(lambda: first.has_it)
        second = Writer(pool, document)
        until(lambda: postgres.say(_WAITING) != "")
        slow = int(postgres.say(_WAITING))
        os.kill(slow, signal.SIGSTOP)
        try:
            first.commit()
            third = Writer(pool, document)
            until(lambda: third.has_it or len(postgres.say(_WAITING).split()) == 2)
            assert not third.has_it
        finally:
            os.kill(slow, signal.SIGCONT)
        second.commit()
        third.commit()
