"""Change feed: a commit of another process is seen within 50 ms, one of this object at once, without any lock on it."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

from chatdoc.store.commit_bell import CommitBell
from chatdoc.store.sql.move import retired
from chatdoc.store.sqlite.database import Database

POLL_S = 0.02
_AGAIN = (-1, -1, -1)
_RETIRED = "SELECT 1 FROM document WHERE retired_at_ms IS NOT NULL"


class _Seen(NamedTuple):
    """What tells of a commit: how many were made through this object, and how file and journal look."""

    own: int
    file: tuple[int, int, int]
    journal: tuple[int, int, int]


class SqliteFeed:
    """Says that there may be more; see the port."""

    def __init__(self, database: Database, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self._version = database.version()
        self.bell = CommitBell()
        self._opened = self._look()
        self._of_thread = threading.local()
        """What each thread saw when its last wait ended: what came since then is answered at once."""

    def changed(self) -> bool:
        """See the port."""
        version = self._database.held_version()
        if version is None:  # Else whoever began the transaction has looked.
            self._database.require_open()
            self._database.require_there()
            version = self._database.version()
        if version == self._version:
            return False
        self._version = version
        if self._database.rows(_RETIRED, (), "look up its document"):
            raise self._database.ask(
                lambda execute: retired(execute, self._document_id, self._database.name), "find where it went"
            )
        return True

    def wait(self, timeout_s: float) -> bool:
        """See the port."""
        before: _Seen = getattr(self._of_thread, "seen", self._opened)
        left = timeout_s
        while not self._database.is_closed:
            if before.journal != _AGAIN:
                now = self._look()
                if now != before:
                    # Where the journal is written over from its start, two commits within one tick of the file
                    # system's clock look the same: so a little later it is said once more that there may be one.
                    again = now.journal != before.journal and now.journal[1] == before.journal[1]
                    self._of_thread.seen = now._replace(journal=_AGAIN) if again else now
                    return True
            if left <= 0:
                return False
            self.bell.wait(before.own, min(POLL_S, left))
            left -= POLL_S
            if before.journal == _AGAIN:
                before = before._replace(journal=(0, 0, 0))
        return False

    def _look(self) -> _Seen:
        file = self._database.file
        if file is None:
            return _Seen(self.bell.commits, (0, 0, 0), (0, 0, 0))
        return _Seen(self.bell.commits, _looks(f"{file}"), _looks(f"{file}-wal"))


def _looks(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
