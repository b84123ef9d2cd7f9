"""Connection to PostgreSQL: one that speaks a store's types, has time limits, and is subject to row-level security."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg import adapt, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.dialect import unescaped
from chatdoc.store.postgres.postgres_errors import failure

_TEXT_OIDS = ("text", "varchar", "name")
_BYPASSES = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


class Limits(NamedTuple):
    """How long the database waits, in milliseconds, before it gives up by itself."""

    lock_ms: int = 10_000
    """For another writer of the same document."""
    statement_ms: int = 60_000
    """For one statement; a COMMIT has no limit, since one that waits for a standby must not be cancelled."""
    idle_ms: int = 10_000
    """For the next statement of an open transaction: so long a server that hangs holds a document up."""


LIMITS = Limits()


class _TextLoader(adapt.Loader):
    """Text as it was before it was escaped."""

    format = pq.Format.BINARY

    def load(self, data: adapt.Buffer) -> str:
        return unescaped(str(data, "utf-8"))


def _adapters() -> adapt.AdaptersMap:
    found = adapt.AdaptersMap(psycopg.adapters)
    for name in _TEXT_OIDS:
        found.register_loader(name, _TextLoader)
    return found


class _Context:
    """Hands the types of a store to new connections."""

    adapters = _adapters()
    connection = None


def name_of(url: str) -> str:
    """What errors call a database: its URL without password and settings; raises StoreError for one that is none."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreError(
            "the URL of the store is none that PostgreSQL's clients take",
            hint="Write it as postgresql://user@host:port/database",
        ) from error
    host, port = parts.get("host") or "", parts.get("port") or ""
    return f"postgresql://{host}{f':{port}' if port else ''}/{parts.get('dbname') or ''}"


def connect(url: str, name: str, limits: Limits, *, purpose: str) -> psycopg.Connection[Any]:
    """A connection in autocommit; raises StoreError, and ReadOnlyTarget on a standby.

    A user whom row-level security does not hold would see the rows of all documents as one's, so it is refused.
    """
    settings = {
        "connect_timeout": "10",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
    }
    settings |= {"tcp_user_timeout": "15000", "application_name": f"chatdoc {purpose}"}
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        connection = psycopg.connect(
            make_conninfo(**(settings | given)),
            autocommit=True,
            context=_Context(),
            cursor_factory=psycopg.RawCursor,
        )
    except psycopg.Error as error:
        raise failure(error, name, "be reached") from error
    try:
        connection.execute(
            f"SET lock_timeout = {limits.lock_ms}; SET statement_timeout = {limits.statement_ms};"
            f" SET idle_in_transaction_session_timeout = {limits.idle_ms}; SET client_encoding = 'UTF8';"
            " SET client_min_messages = error".encode(),
            prepare=False,
        )
        found = connection.execute(_BYPASSES).fetchone()
    except BaseException as error:
        connection.close()
        if isinstance(error, psycopg.Error):
            raise failure(error, name, "be reached") from error
        raise
    if found is not None and found[0]:
        connection.close()
        raise StoreError(
            f"the store {name} is used by a superuser, whom row-level security does not hold",
            hint="Make a user for it: CREATE ROLE chatdoc LOGIN; and let it own the database",
        )
    return connection
