"""One folder's store: its documents, their logs and their migrations, each change in one transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from chatdoc.model.errors import DocumentExists, NotFound, StoreError
from chatdoc.store.sqlite import location as places
from chatdoc.store.sqlite.database import Database, Durability, open_database, open_for_reading
from chatdoc.store.sqlite.event_log import Journal
from chatdoc.store.sqlite.leases import SqliteLeases
from chatdoc.store.sqlite.registration import (
    MARKER_COLUMNS,
    REGISTRATION_COLUMNS,
    Claim,
    Marker,
    Registration,
    marker_of,
    marker_values,
    path_bytes,
    registration_of,
)
from chatdoc.store.sqlite.update_log import SqliteLog

BUSY_TIMEOUT_MS = 10_000

_LIVE = f"SELECT {REGISTRATION_COLUMNS} FROM documents WHERE retired_at_ms IS NULL"
_NUMBER = "SELECT number, document_id FROM documents WHERE retired_at_ms IS NULL AND path = ?"
_BEGIN = (
    "INSERT INTO documents (path, document_id, created_at_ms, text_digest, text_stat, text_sequence)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_PUBLISH = "UPDATE documents SET text_digest = ?, text_stat = ?, text_sequence = ? WHERE number = ?"
_HAS_GENESIS = "UPDATE documents SET floor = 1 WHERE number = ?"
_MARKERS = f"SELECT {MARKER_COLUMNS} FROM markers"
_PUT_MARKER = (
    f"INSERT OR REPLACE INTO markers ({MARKER_COLUMNS}, recorded_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Store:
    """The store of one folder; `with` closes it. Paths are `Registration.path`, made by `name_of`."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.backups = places.backups_folder(folder)
        self._database = database

    @classmethod
    def open(
        cls, folder: Path, *, durability: Durability = "full", busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> Store:
        """Open the store of a folder, and make it when there is none.

        Raises StoreTooNew, StoreDamaged, StoreError, ReadOnlyTarget and WriteFailed.
        """
        real = Path(os.path.realpath(folder))
        places.make_folders(real)
        file = places.store_file(real)
        return cls(real, open_database(file, durability=durability, timeout_s=busy_timeout_ms / 1000))

    @classmethod
    def look(cls, folder: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Store | None:
        """Open the store of a folder for reading only, or None when there is none; raises as `open` does."""
        real = Path(os.path.realpath(folder))
        file = places.store_file(real)
        if not os.path.lexists(file):
            return None
        return cls(real, open_for_reading(file, timeout_s=busy_timeout_ms / 1000))

    def name_of(self, path: Path) -> str:
        """A file's path as the store knows it; raises StoreError for one that does not lie below its folder."""
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.folder):
            raise StoreError(
                f"{path} does not lie below {self.folder}", hint="Open the store of its own folder"
            )
        return real.relative_to(self.folder).as_posix()

    # documents

    def registrations(self) -> tuple[Registration, ...]:
        """The documents of this store by path, without retired ones."""
        found = self._database.rows(f"{_LIVE} ORDER BY path", (), "list its documents")
        return tuple(map(registration_of, found))

    def registration(self, path: str) -> Registration | None:
        """The document under a path, or None."""
        found = self._database.rows(f"{_LIVE} AND path = ?", (path_bytes(path),), "look up a document")
        return registration_of(found[0]) if found else None

    def claim(self, path: str, document_id: str) -> Claim:
        """Whether a file that says it is `document_id` is known, replaced another, or was moved or copied here."""
        here = self.registration(path)
        if here is not None:
            same = here.document_id == document_id
            return Claim(standing="registered" if same else "replaced", registration=here)
        found = self._database.rows(
            f"{_LIVE} AND document_id = ? ORDER BY number", (document_id,), "look it up"
        )
        others = list(map(registration_of, found))
        gone = [one for one in others if not os.path.lexists(self.folder / one.path)]
        if gone:
            return Claim(standing="moved", registration=gone[-1])
        return Claim(standing="copied" if others else "new", registration=others[0] if others else None)

    def begin_document(
        self,
        registration: Registration,
        genesis: bytes,
        *,
        origin: str,
        recorded_at_ms: int,
        marker: Marker | None = None,
    ) -> SqliteLog:
        """Register a document with its first update and its migration's marker, all or nothing; returns its log.

        Raises DocumentExists when the path has a document already, perhaps begun by another process just now.
        """
        with self._database.writing("begin a document") as connection:
            number = self._begin(connection, registration)
            log = SqliteLog(self._database, number, registration.document_id)
            log.append_within(connection, genesis, origin, recorded_at_ms)
            connection.execute(_HAS_GENESIS, (number,))
            if marker is not None:
                connection.execute(_PUT_MARKER, marker_values(marker, recorded_at_ms))
        return self.log(registration.path)

    def log(self, path: str, *, closes_store: bool = False) -> SqliteLog:
        """The log of the document under a path; raises NotFound. With `closes_store`, its close() closes the store."""
        number, document_id = self._known(path)
        on_close = self.close if closes_store else None
        return SqliteLog(self._database, number, document_id, on_close=on_close)

    def leases(self, path: str) -> SqliteLeases:
        """Which turns of the document under a path are run, and by whom; raises NotFound."""
        return SqliteLeases(self._database, self._known(path)[0])

    def journal(self) -> Journal:
        """The events of this store, on the connection that its logs write on."""
        return Journal(self._database)

    def move_document(self, before: str, after: str) -> None:
        """Follow a file that was moved: its document, log and markers stand under the new path from now on.

        Raises NotFound, and DocumentExists when the new path has a document of its own.
        """
        with self._database.writing("move a document") as connection:
            self._require(connection, before)
            if connection.execute(_NUMBER, (path_bytes(after),)).fetchone() is not None:
                raise self._exists(after)
            paths = (path_bytes(after), path_bytes(before))
            connection.execute(
                "UPDATE documents SET path = ? WHERE path = ? AND retired_at_ms IS NULL", paths
            )
            connection.execute("UPDATE OR REPLACE markers SET path = ? WHERE path = ?", paths)

    def publish(
        self,
        path: str,
        text_digest: str,
        *,
        text_stat: str | None = None,
        text_sequence: int | None = None,
        marker: Marker | None = None,
        recorded_at_ms: int,
    ) -> None:
        """Remember the text that now stands in the file and how the file looks, with its migration's marker.

        Raises NotFound.
        """
        with self._database.writing("note what was published") as connection:
            number = self._require(connection, path)
            connection.execute(_PUBLISH, (text_digest, text_stat, text_sequence, number))
            if marker is not None:
                connection.execute(_PUT_MARKER, marker_values(marker, recorded_at_ms))

    def retire_document(
        self,
        path: str,
        *,
        marker: Marker | None = None,
        recorded_at_ms: int,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """Free a path, say after a rollback; the document's log is kept but no path leads to it. Raises NotFound.

        What `also` writes is in the same transaction.
        """
        with self._database.writing("retire a document") as connection:
            number = self._require(connection, path)
            connection.execute(
                "UPDATE documents SET retired_at_ms = ? WHERE number = ?", (recorded_at_ms, number)
            )
            if marker is not None:
                connection.execute(_PUT_MARKER, marker_values(marker, recorded_at_ms))
            also()

    # migrations

    def put_marker(self, marker: Marker, *, recorded_at_ms: int) -> None:
        """Note how far a migration went; it replaces the marker of the same path, source and steps."""
        with self._database.writing("note a migration") as connection:
            connection.execute(_PUT_MARKER, marker_values(marker, recorded_at_ms))

    def marker(self, path: str, source_digest: str, steps_digest: str) -> Marker | None:
        """The marker of one migration, or None."""
        found = self._database.rows(
            f"{_MARKERS} WHERE path = ? AND source_digest = ? AND steps_digest = ?",
            (path_bytes(path), source_digest, steps_digest),
            "look up a migration",
        )
        return marker_of(found[0]) if found else None

    def markers(self, path: str) -> tuple[Marker, ...]:
        """All migrations of the file at a path, the one noted last at the end."""
        found = self._database.rows(
            f"{_MARKERS} WHERE path = ? ORDER BY number", (path_bytes(path),), "look up migrations"
        )
        return tuple(map(marker_of, found))

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the database as a whole, page by page; empty when nothing is. Reads all of it."""
        found = self._database.rows("PRAGMA integrity_check", (), "check itself")
        found += self._database.rows("PRAGMA foreign_key_check", (), "check itself")
        return tuple(" ".join(map(str, row)) for row in found if row != ("ok",))

    def close(self) -> None:
        """Close the store and with it every log of it."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, connection: sqlite3.Connection, registration: Registration) -> int:
        values = (
            path_bytes(registration.path), registration.document_id, registration.created_at_ms,
            registration.text_digest, registration.text_stat, registration.text_sequence,
        )  # fmt: skip
        try:
            number = connection.execute(_BEGIN, values).lastrowid
        except sqlite3.IntegrityError as error:
            raise self._exists(registration.path) from error
        assert number is not None, "expected an inserted row to have a number"
        return number

    def _known(self, path: str) -> tuple[int, str]:
        found = self._database.rows(_NUMBER, (path_bytes(path),), "look up a document")
        if not found:
            raise NotFound(f"the store {self._database.file} has no document under {path!r}")
        number, document_id = found[0]
        return number, document_id

    def _require(self, connection: sqlite3.Connection, path: str) -> int:
        found = connection.execute(_NUMBER, (path_bytes(path),)).fetchone()
        if found is None:
            raise NotFound(f"the store {self._database.file} has no document under {path!r}")
        number: int = found[0]
        return number

    def _exists(self, path: str) -> DocumentExists:
        return DocumentExists(
            f"the store {self._database.file} has a document under {path!r} already", hint="Open it"
        )
