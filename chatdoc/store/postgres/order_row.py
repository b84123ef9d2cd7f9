"""Row lock: a document's writers come one after the other by locking its row, which says where its logs end.

The row alone would be anybody's who comes at the right moment: who waits for one that was written anew must go and look
for what it is now, and is passed meanwhile, again and again. So writers first take an advisory lock, which the database
hands to the one who has waited longest. What is safe rests on the row: programs that know of nothing else lock that.
"""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.model.errors import StoreGone
from chatdoc.store.postgres.schema_statements import SPEAK
from chatdoc.store.postgres.session import Session
from chatdoc.store.sql.database import Counts

VERSION = "SELECT version, is_retired, head FROM document_order WHERE document = ?"
_LOCK = (
    "SELECT version, last_update, last_event, head, is_retired FROM document_order WHERE document = ?"
    f" AND (SELECT {SPEAK} IS NOT NULL)"
    " AND (SELECT true FROM pg_advisory_xact_lock(hashtextextended(?, 1667785076))) FOR UPDATE"
)
"""Two documents whose numbers are the same wait for each other, and that is all. The session speaks for the document
from then on, without a statement of its own for that."""
_NEXT = "UPDATE document_order SET version = version + 1 WHERE document = ?"
_NEXT_COUNTED = (
    "UPDATE document_order SET version = version + 1, last_update = ?, last_event = ?, head = ?"
    " WHERE document = ?"
)


class Locked:
    """The row of a document, locked by the transaction that is open; `after` is what it will say of the logs."""

    def __init__(self, document: str, version: int, counts: Counts) -> None:
        self.document, self.version, self.counts = document, version, counts
        self.after: Counts | None = None

    def advance(self, session: Session) -> None:
        """Write the row anew, as the last statement of its transaction."""
        if self.after is None:
            session.execute(_NEXT, (self.document,))
            return
        update, event, head, _ = self.after
        session.execute(_NEXT_COUNTED, (update, event, head, self.document))


def lock(session: Session, document: str) -> Callable[[], Locked | None]:
    """Lock the row of a document in the open transaction; what is returned waits for it, None where there is none."""
    answer = session.execute(_LOCK, (document, document, document))
    session.speaks_for(document)

    def wait() -> Locked | None:
        found = answer.fetchone()
        if found is None:
            return None
        version, *counts = found
        return Locked(document, version, Counts(*counts))

    return wait


def gone(name: str) -> StoreGone:
    """The error for a document whose row is not there any more."""
    return StoreGone(
        f"the document {name} is not there any more; nothing was written",
        hint="Open it again; a database that was restored from a backup has what that held",
    )
