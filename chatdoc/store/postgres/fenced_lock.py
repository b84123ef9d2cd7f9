"""Fenced lock: the lock of a document, whether this process may still write, and what is asked ahead, in one trip."""

from __future__ import annotations

from chatdoc.store.postgres.order_row import Locked, gone, lock
from chatdoc.store.postgres.pool import Pool
from chatdoc.store.postgres.servers import Place, ask_epoch, require
from chatdoc.store.postgres.session import Session
from chatdoc.store.sql.database import Questions


def fenced_lock(
    session: Session, pool: Pool, document: str, place: Place, ahead: Questions, name: str
) -> Locked:
    """Lock a document in the open transaction; raises StoreGone, and DocumentFailed once the process is shut out.

    The epoch is asked behind the lock: in the statement that waits for it, it would be as of before.
    """
    sent = lock(session, document)
    epoch = ask_epoch(session, place)
    session.read_ahead(ahead)
    locked = sent()
    if locked is None:
        raise gone(name)
    require(epoch, place, name, pool.shut_out)
    return locked


def wait_for_writer(session: Session, document: str) -> None:
    """Wait until whoever has the lock of a document is done, one way or the other."""
    session.begin()
    lock(session, document)()
    session.rollback()
