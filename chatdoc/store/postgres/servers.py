"""Fencing: a server that was not heard of for long is shut out before anybody takes over what it was doing.

Each process has a row with its epoch and its last heartbeat, by the clock of the database. Whoever recovers its turns
raises the epoch first, and every transaction looks at its own under the document's lock: so one that was stopped and
continues, or was cut off, writes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from chatdoc.model.errors import DocumentFailed
from chatdoc.store.postgres.pending_answer import PendingAnswer
from chatdoc.store.postgres.session import Session
from chatdoc.store.process_identity import Machine, Process, Standing

SILENT_MS = 15_000
"""A server that was not heard of for so long may be shut out: it tells of itself each second."""
FORGOTTEN_MS = 86_400_000
"""Rows of servers that ended without a word are removed after a day."""
_CLEAR = (
    "DELETE FROM servers WHERE heartbeat_at < clock_timestamp() - make_interval(secs => ?::bigint / 1000.0)"
)
_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_ENTER = f"INSERT INTO servers (server, process) VALUES (gen_random_uuid()::text, ?) RETURNING server, epoch, {_CLOCK}"
_LEAVE = "DELETE FROM servers WHERE server = ? AND epoch = ?"
_EPOCH = "SELECT epoch FROM servers WHERE server = ?"
_SILENT = "abs(extract(epoch FROM clock_timestamp() - heartbeat_at)) * 1000 > ?::bigint"
"""A heartbeat that is yet to come is from before the clock was put back."""
_STANDING = f"SELECT count(*), count(CASE WHEN {_SILENT} THEN 1 END), {_CLOCK} FROM servers WHERE process = ?"
_FENCE = f"UPDATE servers SET epoch = epoch + 1 WHERE {_SILENT} AND process = ?"
BEAT = (
    f"UPDATE servers SET heartbeat_at = clock_timestamp() WHERE server = $1 AND epoch = $2 RETURNING {_CLOCK}"
)
"""A heartbeat, and the database's clock; it writes no row once the server is shut out."""
LIVE = "SELECT server FROM servers WHERE heartbeat_at > clock_timestamp() - interval '3 seconds'"
"""The servers that told of themselves a moment ago."""


class Place(NamedTuple):
    """A process among the servers of a database."""

    server: str
    epoch: int


def enter(session: Session) -> tuple[Place, int]:
    """Take a place for this process; returns the database's clock with it."""
    process = msgspec.json.encode(Machine().own()).decode()
    session.execute(_CLEAR, (FORGOTTEN_MS,))
    server, epoch, clock_ms = session.execute(_ENTER, (process,)).fetchone()
    return Place(server, epoch), clock_ms


def leave(session: Session, place: Place) -> None:
    """Give a place up."""
    session.execute(_LEAVE, place)
    session.wait()


def ask_epoch(session: Session, place: Place) -> PendingAnswer:
    """Ask for the epoch, behind the lock of a document; `require` looks at the answer."""
    return session.execute(_EPOCH, (place.server,))


def require(answer: PendingAnswer, place: Place, name: str, shut_out: Callable[[], None]) -> None:
    """Raise DocumentFailed once the process is shut out, and call what notes that."""
    found = answer.fetchone()
    if found is None or found[0] != place.epoch:
        shut_out()
        raise DocumentFailed(
            f"this process was not heard of for so long that others went on with what it did in {name}; nothing was"
            " written",
            hint="Open the document again",
        )


def standing(session: Session, process: Process, back_since_ms: Callable[[int], int]) -> Standing:
    """Whether a process is heard of; one that is not is shut out before this says that it is dead.

    Where the database came back a moment ago, or its clock jumped, all seem silent, so whoever has no word yet has some
    time to give one. `back_since_ms` is told the clock, and says for how long there was neither.
    """
    spelled = msgspec.json.encode(process).decode()
    known, silent, clock_ms = session.execute(_STANDING, (SILENT_MS, spelled)).fetchone()
    is_settled = back_since_ms(clock_ms) >= SILENT_MS
    if known and known == silent and is_settled:
        fenced = session.execute(_FENCE, (SILENT_MS, spelled)).rowcount
        return "dead" if fenced == known else "alive"
    return "alive" if known else "unknown"
