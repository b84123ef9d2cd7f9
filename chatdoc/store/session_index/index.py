"""Index of session logs in SQLite: for each file its source, cursor, prefix digests and counts; rebuilt from the logs.

A row is written after the document has what was read, so a crash between the two means reading a piece once more,
which adds nothing. A document whose text is behind what was imported is named until it was saved, for the next import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from chatdoc.model.errors import StoreError
from chatdoc.store.index_file import IndexFile
from chatdoc.store.index_folder import index_folder

FILE = "sessions.sqlite3"
VERSION = 2
"""2 has the documents that are not saved."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session_logs (
    path TEXT PRIMARY KEY,
    source TEXT NOT NULL CHECK (source IN ('claude', 'codex', 'acp')),
    source_session_id TEXT NOT NULL CHECK (source_session_id <> ''),
    document TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    prefix_digests BLOB NOT NULL,
    state BLOB NOT NULL,
    parser_version INTEGER NOT NULL,
    sessions TEXT NOT NULL,
    result TEXT NOT NULL,
    indexed_at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    missing_since_ms INTEGER,
    head TEXT NOT NULL DEFAULT '',
    continues TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS unsaved_documents (document TEXT PRIMARY KEY) STRICT;
CREATE INDEX IF NOT EXISTS session_logs_by_head ON session_logs (source, head);
CREATE INDEX IF NOT EXISTS session_logs_by_session ON session_logs (source, source_session_id);
"""

_AGAIN = "Move the file away; `chatdoc reindex` makes it again from the logs"
_GOES_ON = "Check the disk; nothing that was imported is lost, and the next import goes on"


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the index knows of one log file."""

    path: str
    source: str
    source_session_id: str
    document: str
    size: int
    mtime_ns: int
    inode: int
    cursor: int
    prefix_digests: bytes
    state: bytes
    parser_version: int
    sessions: str
    """What each session of the log came to, as JSON."""
    result: str
    indexed_at_ms: int
    seen_at_ms: int
    missing_since_ms: int | None = None
    head: str = ""
    """The uuid of its first record, where its records have one."""
    continues: str = ""
    """The session whose records it repeats at its beginning."""

    @property
    def identity(self) -> str:
        """`<source>:<source_session_id>`."""
        return f"{self.source}:{self.source_session_id}"


_COLUMNS = tuple(field.name for field in msgspec.structs.fields(LogRow))
_PUT = (
    f"INSERT OR REPLACE INTO session_logs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_ASTRAY = "SELECT path FROM session_logs WHERE path LIKE '%/../%'"
_UNSAVED = "SELECT document FROM unsaved_documents"
_GET = f"SELECT {', '.join(_COLUMNS)} FROM session_logs"


class SessionIndex:
    """The index of one workspace folder, open."""

    def __init__(self, file: IndexFile) -> None:
        self._file = file
        self._folder = file.path.parent.parent.parent
        self._connection = file.connection
        self.path = file.path

    @classmethod
    def open(cls, folder: Path) -> SessionIndex:
        """The index in the folder's `.chatdoc/indexes/`, made when it is not there; raises StoreError."""
        file = IndexFile(folder, FILE, hint=_AGAIN)

        def make(held: int) -> str:
            if held > VERSION:
                file.close()
                raise StoreError(
                    f"{file.path} has version {held}, expected at most {VERSION}", hint="Use a newer chatdoc"
                )
            return _SCHEMA

        file.prepare(VERSION, make, hint=_AGAIN)
        index = cls(file)
        index._spell_out()
        return index

    @classmethod
    def look(cls, folder: Path) -> SessionIndex | None:
        """The index of a folder, or None where none was made."""
        return cls.open(folder) if (index_folder(folder) / FILE).exists() else None

    def get(self, path: str) -> LogRow | None:
        """What is known of a file."""
        return self._first(f"{_GET} WHERE path = ?", path)

    def rows(self, sources: tuple[str, ...] | None = None) -> list[LogRow]:
        """Every file by path, or those of some sources."""
        rows = [self._row(found) for found in self._ask(f"{_GET} ORDER BY path")]
        return rows if sources is None else [row for row in rows if row.source in sources]

    def begins_with(self, source: str, head: str) -> LogRow | None:
        """The log that told a session beginning with this record first."""
        return self._first(
            f"{_GET} WHERE source = ? AND head = ? AND continues = '' ORDER BY indexed_at_ms, path LIMIT 1",
            source, head,
        )  # fmt: skip

    def of_session(self, source: str, session: str) -> LogRow | None:
        """A log of a session."""
        return self._first(
            f"{_GET} WHERE source = ? AND source_session_id = ? ORDER BY path LIMIT 1", source, session
        )

    def put(self, row: LogRow) -> None:
        """Keep what is known of a file."""
        with self._file.writing(hint=_GOES_ON):
            self._connection.execute(_PUT, tuple(getattr(row, name) for name in _COLUMNS))

    def unsaved(self) -> list[str]:
        """The documents whose text may be behind what was imported, by path."""
        return sorted({self._beside(one) for (one,) in self._ask(_UNSAVED)})

    def note_unsaved(self, document: str) -> None:
        """Note, before something is imported into a document, that its text will be behind."""
        with self._file.writing(hint=_GOES_ON):
            self._connection.execute("INSERT OR IGNORE INTO unsaved_documents VALUES (?)", (document,))

    def note_saved(self, documents: Iterable[str]) -> None:
        """Note that the texts of documents have all that was imported."""
        saved = set(documents)
        with self._file.writing(hint=_GOES_ON):
            written = [one for one in self._ask(_UNSAVED) if self._beside(*one) in saved]
            self._connection.executemany("DELETE FROM unsaved_documents WHERE document = ?", written)

    def mark_missing(self, path: str, at_ms: int) -> None:
        """Note since when a file is gone; what was imported of it stays."""
        with self._file.writing(hint=_GOES_ON):
            self._connection.execute(
                "UPDATE session_logs SET missing_since_ms = ? WHERE path = ? AND missing_since_ms IS NULL",
                (at_ms, path),
            )

    def expire(self, sources: tuple[str, ...]) -> None:
        """Let the logs of some sources be read from their first byte next time; what the rows say stays until then."""
        marks = ", ".join("?" * len(sources))
        with self._file.writing(hint=_GOES_ON):
            self._connection.execute(
                f"UPDATE session_logs SET parser_version = 0 WHERE source IN ({marks})", sources
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> SessionIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spell_out(self) -> None:
        """Give logs that were noted by way of another folder, as `../logs` once was, the path that they have."""
        if astray := [path for (path,) in self._ask(_ASTRAY)]:
            with self._file.writing(hint=_GOES_ON):
                for path in astray:
                    told = (os.path.realpath(path), path)
                    self._connection.execute(
                        "UPDATE OR IGNORE session_logs SET path = ? WHERE path = ?", told
                    )
                    self._connection.execute("DELETE FROM session_logs WHERE path = ?", (path,))

    def _first(self, question: str, *values: str) -> LogRow | None:
        found = self._ask(question, *values)
        return self._row(found[0]) if found else None

    def _ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        return self._file.ask(question, values, hint=_AGAIN)

    def _row(self, found: tuple[Any, ...]) -> LogRow:
        fields = dict(zip(_COLUMNS, found, strict=True))
        return LogRow(**fields | {"document": self._beside(fields["document"])})

    def _beside(self, document: str) -> str:
        """Where a document is now: beside its index, however their folder was called when it was noted."""
        return str(self._folder / Path(document).name)
