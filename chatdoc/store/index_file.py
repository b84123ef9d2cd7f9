"""SQLite file of an index: derived, made when it is missing, and named with what makes it again when it is broken.

It has a rollback journal on any disk. Few write to it, and two machines that see one disk, each in its own way, would
change it over to and fro if it depended on that (`chatdoc.store.sqlite.wal_mode`).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatdoc.model.errors import StoreError
from chatdoc.store.file_system import may_be_shared
from chatdoc.store.index_folder import index_folder, make_index_folder
from chatdoc.store.sqlite.sqlite_errors import FAULTS, is_busy
from chatdoc.store.sqlite.wal_mode import take_rollback

TIMEOUT_S = 30.0


class IndexFile:
    """One index of a folder, open; `hint` says what to do when it cannot be."""

    def __init__(self, folder: Path, name: str, *, hint: str) -> None:
        """Open it, and make it where it is not there; raises StoreError."""
        self.path = index_folder(folder) / name
        with self._named("opened", hint):
            make_index_folder(folder)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            if not take_rollback(self.path, timeout_s=TIMEOUT_S) and may_be_shared(self.path):
                # An earlier version has it open, perhaps on another machine, with memory that is not shared.
                raise StoreError(
                    f"the index {self.path} is in use elsewhere, so it could not be given a rollback journal",
                    hint="End the programs that use it on other machines, and try again",
                )
            self.connection = sqlite3.connect(
                self.path, timeout=TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            # What a power failure takes is read once more.
            self.connection.execute("PRAGMA synchronous = NORMAL")

    def prepare(self, version: int, make: Callable[[int], str], *, hint: str) -> None:
        """Bring it to a version by the script that `make` gives for the version it has; raises StoreError."""
        held = self._version(hint)
        if held == version:
            return
        script = f"{make(held)} PRAGMA user_version = {version};"
        with self.writing(hint=hint):
            if self._version(hint) == held:  # Another program may have been faster.
                for statement in script.split(";"):  # Not `executescript`, which ends the transaction first.
                    self.connection.execute(statement)

    @contextmanager
    def writing(self, *, hint: str) -> Iterator[sqlite3.Connection]:
        """One transaction; raises StoreError for what SQLite refuses."""
        try:
            with self._named("written", hint):
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def ask(self, question: str, values: Sequence[Any] = (), *, hint: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; raises StoreError for what SQLite cannot read."""
        with self._named("read", hint):
            return self.connection.execute(question, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _version(self, hint: str) -> int:
        with self._named("opened", hint):
            found: int = self.connection.execute("PRAGMA user_version").fetchone()[0]
            return found

    @contextmanager
    def _named(self, doing: str, hint: str) -> Iterator[None]:
        try:
            yield
        except (*FAULTS, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                hint = "Free space on the disk"
            elif not isinstance(error, OSError) and is_busy(error):
                hint = "Another program writes to it; try again, or end that program if it hangs"
            elif isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                hint = f"Allow writing to {self.path.parent.parent.parent}"
            raise StoreError(f"the index {self.path} cannot be {doing}: {error}", hint=hint) from error
