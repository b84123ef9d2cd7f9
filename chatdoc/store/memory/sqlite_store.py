"""SQLite store in memory: every table, event log and read model, and no file that anybody finds.

Of a large one SQLite keeps a part in a temporary file, so that who looks at many long chats needs little memory.
"""

from __future__ import annotations

from chatdoc.model.clock import Clock, system_clock
from chatdoc.store.ports import Registration
from chatdoc.store.sqlite import draft
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.store import SqliteStore


def memory_sqlite_store(registration: Registration, *, clock: Clock = system_clock) -> SqliteStore:
    """A store that ends with this object, its logs empty: the first update is the caller's to write."""
    database = Database(None)
    database.transact(lambda: draft.begin(database.connection(), registration), "be made")
    return SqliteStore(database, clock)
