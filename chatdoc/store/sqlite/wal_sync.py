"""Asynchronous commit: a COMMIT writes the journal and does not wait for the disk; one wait makes all of them durable.

What is committed survives the end of the process at once, and a power failure once `make_durable` has returned. A power
failure before that takes away the newest commits, never one from the middle.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Literal

from chatdoc.model.errors import StoreError
from chatdoc.store.sql.database import Version
from chatdoc.store.sqlite.connection import connect, prepare
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.sqlite_errors import FAULTS, failure

COMMITS_MAX = 200
"""A commit changes some 20 pages: after so many the journal is written back, as SQLite does after as many pages."""
_DOING = "be forced to the disk"


class WalSync:
    """The journal of a database and how much of it the disk has; any thread may wait for it.

    That holds up nobody who writes, and neither does a checkpoint made here.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._durable: int | None = None
        """So many commits of the database are on the disk; None where each COMMIT waits, or none need."""
        self._written_back = 0
        """So many are in the file itself."""
        self._others: Version | None = None
        """What others had committed when that was looked at last, where no COMMIT waits."""
        self._others_durable: Version | None = None
        self._heard: Version | None = None
        """What others had committed when the disk was waited for because of it."""
        self._is_doubted = False
        """Whether a write of the journal may have failed, as far as is known here."""
        self._lock = threading.Lock()

    def start(self) -> None:
        """Let no COMMIT wait from now on; raises StoreError, StoreGone.

        Who wrote before may have ended before the disk had it, so what stands is made durable first.
        """
        database = self._database
        if database.file is None or database.care != "full" or not database.has_wal:
            return
        with self._lock:
            database.require_there()
            if not self._write_back(database.file, "TRUNCATE", 0):
                self._force(database.file)
            with database.lock:
                database.care = "asynchronous"
                try:
                    prepare(database.connection(), care=database.care)
                except FAULTS as error:
                    raise failure(error, database.name, _DOING) from error
                self._durable = self._written_back = database.commits

    def look_at_others(self) -> None:
        """Note what others have committed by now; before an answer is given that may rest on it."""
        if self._durable is not None and not self._database.is_closed:
            self._others = self._database.version()

    def is_durable(self) -> bool:
        """Whether the disk has what was committed through this database, and what others had when looked at."""
        if self._durable is None:
            return True
        return self._durable == self._database.commits and self._others == self._others_durable

    def make_durable(self) -> None:
        """Wait until the disk has all that is committed now, by whomever; raises StoreError, StoreGone."""
        file = self._database.file
        if self._durable is None or file is None:
            return
        with self._lock:
            commits, others = self._database.commits, self._others
            self._database.require_there()
            self._force(file)
            self._database.require_there()
            self._durable, self._others_durable = commits, others

    def make_heard_durable(self) -> None:
        """Wait until the disk has what others committed, where an answer says nothing that was written for it.

        Raises StoreError.
        """
        file = self._database.file
        if file is None or self._database.care != "full":
            return
        with self._lock:
            heard = self._database.version()
            if heard != self._heard:
                self._force(file)
                self._heard = heard

    def is_long(self) -> bool:
        """Whether the journal should be written back."""
        return self._durable is not None and self._database.commits - self._written_back >= COMMITS_MAX

    def write_back(self) -> None:
        """Write the journal back as far as nobody reads it; nobody waits for that. Raises StoreError, StoreGone."""
        if self._durable is not None and (file := self._database.file) is not None:
            commits = self._database.commits
            self._database.require_there()
            self._write_back(file, "PASSIVE", self._database.timeout_s)
            self._written_back = commits

    def _force(self, file: Path) -> None:
        """Let the disk have all that is committed; raises StoreError."""
        try:
            if not self._is_doubted:
                _force(f"{file}-wal")
                return
            error = None
        except OSError as failed:
            error = failed
        # The system may have noted the pages as written all the same, so that asking once more proves nothing. A
        # checkpoint writes them to another place; and to empty the journal is a part of that, for what the disk has of
        # it is older than the file then, and would be taken for newer.
        self._is_doubted = True
        try:
            if not self._write_back(file, "TRUNCATE", self._database.timeout_s):
                why = "once it has failed, it has to be written back whole, and a reader is in the way"
                raise self._failed(error.strerror if error else why) from error
            _force(f"{file}-wal")
        except OSError as again:
            raise self._failed(again.strerror) from again
        self._is_doubted = False

    def _failed(self, why: str | None) -> StoreError:
        return StoreError(
            f"the store {self._database.name} could not {_DOING}: {why}",
            hint="Check the disk and try again; nothing of it was acknowledged",
        )

    def _write_back(self, file: Path, mode: Literal["PASSIVE", "TRUNCATE"], timeout_s: float) -> bool:
        """Write the journal's pages into the file, and force both to the disk; whether nobody was in the way."""
        try:
            with contextlib.closing(connect(file, timeout_s=timeout_s)) as connection:
                busy, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except FAULTS as error:
            self._is_doubted = True
            raise failure(error, self._database.name, _DOING) from error
        return not busy and bool(moved == pages)


def _force(journal: str) -> None:
    """Force a journal to the disk, where there is one; raises OSError. No lock is let go of: a journal has none."""
    try:
        file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        getattr(os, "fdatasync", os.fsync)(file)
    finally:
        os.close(file)
