"""Whatever PostgreSQL reports, the reader learns which database it is about, what became of it, and what to do.

What rows hold stands in no error: PostgreSQL tells values in its details and in some messages, which are left out.
"""

from __future__ import annotations

import psycopg

from chatdoc.model.errors import ChatdocError, DocumentExists, ReadOnlyTarget, StoreDamaged, StoreError
from chatdoc.store.postgres.deadline import Unanswered

START_OVER = (
    "Restore the database from its backup; what is readable can be taken out of it with `chatdoc pull` first"
)
NAME_INDEX = "idx_document_order_name"
_REPEAT = "nothing acknowledged was lost, and a command can be repeated with the same id"
POOLER = (
    "A pooler stands before the database that hands each transaction another session: let it pool sessions"
    " (pool_mode = session), or connect without it"
)
_HINTS = {
    "26000": POOLER,
    "42P05": POOLER,
    "42704": POOLER,
    "55P03": f"Another server is writing to this document, or makes the tables; try again, {_REPEAT}",
    "57014": f"It took longer than its time limit; try again, {_REPEAT}",
    "25P03": f"The transaction was idle for too long, so the database ended it; try again, {_REPEAT}",
    "40P01": f"Try again, {_REPEAT}",
    "40001": f"Try again, {_REPEAT}",
    "53100": "Free space on the database's disk; nothing acknowledged was lost",
    "53300": "The database has no connection left; raise its max_connections, or let fewer servers use it",
    "28P01": "Check user and password of the store's URL; PGPASSWORD or a file .pgpass may tell the password, too",
    "28000": "Check user and password of the store's URL, and the database's pg_hba.conf",
    "3D000": "Make the database first: createdb",
    "3F000": "Make the schema that its search_path names, and let the user of the store's URL make tables in it",
    "54000": "One value may have at most 1,000,000,000 bytes, and an id at most 2,000",
}
_DENIED = {
    "42501": "Let the user of the store's URL own the database, or make tables in the first schema of its search_path;"
    " of tables that another one owns grant it SELECT, INSERT, UPDATE and DELETE",
    "25006": "This is a standby, or was set to read only, as some services do with a full disk: name the primary, or"
    " all hosts with target_session_attrs=read-write; or free space and reset default_transaction_read_only",
}
_STANDBY = ("session is read-only", "in hot standby mode")
"""What a host is told of that takes no writes, where the URL asks for one that does."""
_REFUSED = {
    "too many": "53300",
    "connection slots": "53300",
    "password authentication": "28P01",
    "no password supplied": "28P01",
    "pg_hba.conf": "28000",
    "role ": "28000",
    "permission denied": "28000",
    "does not exist": "3D000",
}
"""Whoever is not let in is told why in words alone, without the state that the database gave it."""
_DAMAGE = ("XX001", "XX002", "42P01", "42703")
_PLAIN = ("08", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "XX")
"""Classes of errors whose message names things of the database and never values of rows."""


def failure(error: psycopg.Error, name: str, doing: str) -> ChatdocError:
    """The error to raise for one of PostgreSQL's; `doing` is what was attempted («append an update»)."""
    state = _state_of(error)
    said = error.diag.message_primary if state.startswith(_PLAIN) else None
    if not error.sqlstate:
        said = _words_of(error)
    text = f"the store {name} could not {doing}: {said or type(error).__name__}"
    if error.diag.constraint_name == NAME_INDEX:
        return DocumentExists(
            f"the store {name} could not {doing}: another document has its name", hint="Open that"
        )
    if isinstance(error, Unanswered):
        return StoreError(
            text,
            hint=f"The database hangs, or a proxy or network before it; look there, and try again: {_REPEAT}",
        )
    if state in _DAMAGE:
        return StoreDamaged(text, hint=START_OVER)
    if state in _DENIED:
        return ReadOnlyTarget(text, hint=_DENIED[state])
    if state in _HINTS:
        return StoreError(text, hint=_HINTS[state])
    if any(words in str(error) for words in _STANDBY):
        return StoreError(
            text, hint=f"No host of the URL takes writes: promote a standby, or name the primary; {_REPEAT}"
        )
    if not state or state.startswith(("08", "57")):
        return StoreError(text, hint=f"Check that the database runs and can be reached; {_REPEAT}")
    return StoreError(text, hint="Open the document again")


def _words_of(error: psycopg.Error) -> str:
    """What an error without a state says: of each host, where several were tried."""
    lines = str(error).strip().splitlines()
    hosts = [line.partition(": connection ")[2] for line in lines if line.startswith("- host: ")]
    return "; ".join(f"connection {said}" for said in dict.fromkeys(hosts)) or "".join(lines[:1])


def _state_of(error: psycopg.Error) -> str:
    """The state that the database gave an error, or that its words for a connection that it refuses stand for."""
    said = str(error)
    refused = said.partition("FATAL:")[2] or said.partition("fe_sendauth:")[2]
    return error.sqlstate or next((state for words, state in _REFUSED.items() if words in refused), "")


def is_without_room(error: BaseException | None) -> bool:
    """Whether an error says that the database has no connection left."""
    return isinstance(error, psycopg.Error) and _state_of(error) == "53300"


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether an error says that the connection, or the server behind it, has gone, and not that a statement has."""
    if not isinstance(error, psycopg.OperationalError) or isinstance(error, psycopg.errors.PipelineAborted):
        return False
    return (error.sqlstate or "08").startswith(("08", "57P"))
