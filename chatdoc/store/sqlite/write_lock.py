"""Write lock of a store with a bounded wait: a process that is seen to run is waited for longer than any other.

One that tells its event log what a chat of 1,000,000 messages said before, or folds its projections anew, writes for a
minute in one transaction. One that was stopped, or cannot be seen, may never let go.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from chatdoc.store.lock_holder import is_running, writer_of
from chatdoc.store.sqlite.sqlite_errors import Fault, is_busy

SLOW_TIMES = 30
"""So many times the patience of a connection, 10 seconds by default, one is waited for that runs."""


def begin(connection: sqlite3.Connection, statement: str, file: Path | None) -> None:
    """Begin a transaction; raises sqlite3.Error where another process has the write lock for too long."""
    for left in reversed(range(SLOW_TIMES)):
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if not (left and is_running(holder(error, file))):
                raise


def holder(error: Fault, file: Path | None) -> int | None:
    """The process that was waited for in vain, or None where there was none or it cannot be told."""
    return writer_of(file) if is_busy(error) else None
