"""Connection to PostgreSQL: one that speaks a store's types, has time limits, and is subject to row-level security."""

from __future__ import annotations

from typing import NamedTuple

import psycopg
from psycopg import adapt, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chatdoc.model.errors import StoreError
from chatdoc.store.postgres.deadline import Deadline, PatientConnection
from chatdoc.store.postgres.dialect import unescaped
from chatdoc.store.postgres.postgres_errors import failure

_TEXT_OIDS = ("text", "varchar", "name")
_ENCODINGS = ("UTF8", "SQL_ASCII")
"""Those that hold every text; the second one takes the bytes as they come."""
_LOOK = (
    "SELECT rolsuper OR rolbypassrls, current_setting('server_encoding'), CASE WHEN"
    " current_setting('synchronous_commit') IN ('off', 'local') THEN set_config('synchronous_commit', 'on', false) END"
    " FROM pg_roles WHERE rolname = current_user"
)
"""Who it is, and what the database holds; and a COMMIT is answered once it is where it is to be, whoever said else."""


class Limits(NamedTuple):
    """How long the database waits, in milliseconds, before it gives up by itself; and how long we wait for it."""

    lock_ms: int = 10_000
    """For another writer of the same document."""
    statement_ms: int = 60_000
    """For one statement; a COMMIT has no limit, since one that waits for a standby must not be cancelled."""
    idle_ms: int = 10_000
    """For the next statement of an open transaction: so long a server that hangs holds a document up."""
    silent_ms: int = 75_000
    """For a word of the database: longer than it would take to end a statement, so it hangs, or what stands between.

    Its machine may still take what is sent, so neither keepalives nor `tcp_user_timeout` notice.
    """
    gone_ms: int = 15_000
    """The same where no other connection has a word of it either."""


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
    """What errors call a database: its URL without password and settings; raises StoreError for one that is none.

    Nor does one that is misread come into an error: a sign in a password may end it, and the rest is a host then.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = None  # The error says which part it did not understand.
    host, port = ("", "") if parts is None else (str(parts.get(one) or "") for one in ("host", "port"))
    if parts is None or _is_misread(url, port):
        raise StoreError(
            "the URL of the store is none that PostgreSQL's clients take",
            hint="Write it as postgresql://user@host:port/database. In a password the signs @ # / % are percent-encoded"
            " (%40 %23 %2F %25), and one that PGPASSWORD or a file .pgpass tells is left out",
        )
    return f"postgresql://{host}{f':{port}' if port else ''}/{parts.get('dbname') or ''}"


def _is_misread(url: str, port: str) -> bool:
    """Whether a part of a password was read as a host, a port or a database."""
    rest = url.partition("://")[2]
    user, sign, behind = rest.partition("@")  # A password goes on to the first one, with whatever is in it.
    place = (behind if sign and "/" not in user else rest).partition("?")[0]
    return "@" in place or not all(one.isdigit() for one in port.split(",") if one)


def connect(
    url: str, name: str, limits: Limits, deadline: Deadline, *, purpose: str, connect_s: int = 10
) -> PatientConnection:
    """A connection in autocommit; raises StoreError, and ReadOnlyTarget on a standby.

    A user whom row-level security does not hold would see the rows of all documents as one's, so it is refused.
    """
    settings = {
        "connect_timeout": str(connect_s),
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
    }
    settings |= {"tcp_user_timeout": "15000", "application_name": f"chatdoc {purpose}"}
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        connection = PatientConnection.connect(
            make_conninfo(**(settings | given)),
            autocommit=True,
            context=_Context(),
            cursor_factory=psycopg.RawCursor,
        )
    except psycopg.Error as error:
        raise failure(error, name, "be reached") from error
    connection.deadline = deadline
    try:
        connection.execute(
            f"SET lock_timeout = {limits.lock_ms}; SET statement_timeout = {limits.statement_ms};"
            f" SET idle_in_transaction_session_timeout = {limits.idle_ms}; SET client_encoding = 'UTF8';"
            " SET default_transaction_isolation = 'read committed'; SET row_security = on;"
            " SET client_min_messages = error".encode(),
            prepare=False,
        )
        found = connection.execute(_LOOK).fetchone()
    except BaseException as error:
        connection.close()
        if isinstance(error, psycopg.Error):
            raise failure(error, name, "be reached") from error
        raise
    assert found is not None, "whoever is connected has a role"
    is_unbound, encoding, _ = found
    refusal = None
    if is_unbound:
        refusal = StoreError(
            f"the store {name} is used by a superuser, whom row-level security does not hold",
            hint="Make a user for it: CREATE ROLE chatdoc LOGIN; and let it own the database",
        )
    elif encoding not in _ENCODINGS:
        refusal = StoreError(
            f"the store {name} has the encoding {encoding}, which does not hold every text",
            hint="Make the database as createdb --encoding UTF8 --template template0",
        )
    if refusal is not None:
        connection.close()
        raise refusal
    return connection
