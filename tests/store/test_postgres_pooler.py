"""A pooler that hands each transaction another session is refused, however it does that; one of sessions is not."""

from __future__ import annotations

from types import SimpleNamespace, TracebackType
from typing import Any, cast

import pytest

from chatdoc import open_store
from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.deadline import Unanswered
from chatdoc.store.postgres.pooler import BACKEND, Connection, require_own_sessions
from tests.postgres_cluster import Cluster


class Pooler:
    """What stands between: `deals` says which of the idle backends is the next one, or None to give each its own."""

    def __init__(self, deals: int | None, *, backends: int = 2) -> None:
        self.deals = deals
        self.idle = list(range(100, 100 + backends))


class Pooled:
    """A connection through it."""

    def __init__(self, pooler: Pooler) -> None:
        self._pooler = pooler
        self._own = pooler.idle.pop() if pooler.deals is None else None
        self._held: int | None = None
        self.pgconn = SimpleNamespace(backend_pid=1)

    def execute(self, statement: bytes, *, prepare: bool) -> Any:
        """Do a statement, or find that there is no backend for it."""
        assert not prepare
        backend = self._own if self._own is not None else self._held
        if backend is None:
            if not self._pooler.idle:
                raise Unanswered("no answer came")
            backend = self._pooler.idle.pop(self._pooler.deals or 0)
        if self._own is None:
            self._held = backend if statement == b"BEGIN" or (self._held and statement == BACKEND) else None
            if self._held is None:
                self._pooler.idle.append(backend)
        return SimpleNamespace(fetchone=lambda: (backend,))

    def __enter__(self) -> Pooled:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        pass


def ask(pooler: Pooler) -> None:
    """Look at a connection through a pooler."""
    require_own_sessions(
        cast(Connection, Pooled(pooler)), lambda: cast(Connection, Pooled(pooler)), "postgresql://db/chats"
    )


@pytest.mark.parametrize("backends", [1, 2, 5])
@pytest.mark.parametrize("deals", [-1, 0])
def test_a_pooler_of_transactions_is_refused(deals: int, backends: int) -> None:
    """It would mix documents: a session says whose rows it sees."""
    with pytest.raises(StoreError, match=r"sessions are shared.*pool_mode = session"):
        ask(Pooler(deals, backends=backends))


def test_a_pooler_of_sessions_is_used() -> None:
    """Each connection has its own, and so it has where nothing stands between; one without room tells nothing."""
    ask(Pooler(None))

    def full() -> Connection:
        raise StoreError("no room")

    require_own_sessions(cast(Connection, Pooled(Pooler(None))), full, "postgresql://db/chats")


def test_without_a_pooler_no_second_connection_is_made(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the backend is the one that its connection was told."""
    monkeypatch.setattr("chatdoc.store.postgres.pooler._is_shared", lambda *_: pytest.fail("nobody asks"))
    with open_store(postgres.create_database("direct")) as store:
        assert store.documents() == []
