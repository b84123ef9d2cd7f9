"""Pooler check: one that hands each transaction another session would mix documents, so it is refused when it is met.

A session says whose rows it sees, so it must be its connection's own. Whether a pooler is in between is told by the
number of the backend, which is another one than the connection was told; only then a second connection is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.deadline import Unanswered
from chatdoc.store.postgres.postgres_errors import POOLER, failure

BACKEND = b"SELECT pg_backend_pid()"
ROUNDS = 2
"""One suffices where nobody else uses the pooler."""
Connection = psycopg.Connection[Any]


def require_own_sessions(connection: Connection, connect: Callable[[], Connection], name: str) -> None:
    """Raise StoreError where a connection's session may be another one's in its next transaction."""
    try:
        if _backend(connection) == connection.pgconn.backend_pid:
            return
        try:
            other = connect()
        except StoreError:  # There is no room for a second one, so nobody can tell.
            return
        with other:
            is_shared = _is_shared(connection, other)
    except psycopg.Error as error:
        raise failure(error, name, "be asked for its sessions") from error
    if is_shared:
        raise StoreError(f"the store {name} cannot be used: its sessions are shared", hint=POOLER)


def _is_shared(one: Connection, other: Connection) -> bool:
    """Whether the other one's session changes while this one is in a transaction and after it, or waits for that."""
    for _ in range(ROUNDS):
        one.execute(b"BEGIN", prepare=False)
        try:
            _backend(one)
            during = _backend(other)
        except Unanswered:
            return True
        finally:
            one.execute(b"COMMIT", prepare=False)
        # Asked twice: the session that was let go last may be the next one, or have its turn after all others.
        if {_backend(other), _backend(other)} != {during}:
            return True
    return False


def _backend(connection: Connection) -> int:
    found = connection.execute(BACKEND, prepare=False).fetchone()
    assert found is not None, "each session has a backend"
    return int(found[0])
