"""Full-text index of a folder's messages in SQLite FTS5: a projection of the documents, rebuilt or caught up alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from chatdoc.model.arguments import require_text
from chatdoc.model.errors import CommandRefused
from chatdoc.store.index_file import IndexFile

FILE = "search.sqlite3"
VERSION = 1
_SCHEMA = """
CREATE TABLE searched_documents (document TEXT PRIMARY KEY, looks TEXT NOT NULL) STRICT;
CREATE TABLE searched_messages (
    row INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    message_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    thread TEXT NOT NULL,
    source TEXT NOT NULL,
    role TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    date TEXT NOT NULL,
    digest TEXT NOT NULL,
    UNIQUE (document, message_id)
) STRICT;
CREATE VIRTUAL TABLE searched_texts USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
"""
_FORGET = " ".join(
    f"DROP TABLE IF EXISTS {table};"
    for table in ("searched_documents", "searched_messages", "searched_texts")
)
_AGAIN = "Move the file away; the next search makes it again"
_CHECK = f"Check the disk. {_AGAIN}"
_PHRASE = re.compile(r'"([^"]+)"|(\S+)')
_WORD = re.compile(r"\w")


class Searchable(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is searched."""

    message_id: str
    thread_id: str
    thread: str
    source: str
    role: str
    sender_id: str
    date: str
    text: str

    def digest(self) -> str:
        """What tells this message from the same one edited."""
        return sha256(msgspec.json.encode(self)).hexdigest()[:32]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was found, the best ones first; words that matched stand between the signs asked for."""

    document: str
    thread_id: str
    thread: str
    message_id: str
    source: str
    role: str
    sender_id: str
    date: str
    snippet: str
    score: float


class SearchIndex:
    """The search index of one folder, open."""

    def __init__(self, file: IndexFile) -> None:
        self._file = file
        self._connection = file.connection
        self.path = file.path

    @classmethod
    def open(cls, folder: Path) -> SearchIndex:
        """The index in the folder's `.chatdoc/indexes/`, made when it is not there or of another version."""
        file = IndexFile(folder, FILE, hint=_AGAIN)
        file.prepare(VERSION, lambda _: f"{_FORGET} {_SCHEMA}", hint=_AGAIN)
        return cls(file)

    def looks_of(self, document: str) -> str | None:
        """How a document looked when it was indexed."""
        found = self._ask("SELECT looks FROM searched_documents WHERE document = ?", (document,))
        return str(found[0][0]) if found else None

    def documents(self) -> list[str]:
        """The documents that are indexed."""
        return [document for (document,) in self._ask("SELECT document FROM searched_documents ORDER BY 1")]

    def take(self, document: str, looks: str, messages: Iterable[Searchable]) -> int:
        """Bring a document's rows to what it has now, touching those that differ only; returns how many did."""
        with self._file.writing(hint=_CHECK):
            known = {
                row[0]: (row[1], row[2])
                for row in self._connection.execute(
                    "SELECT message_id, digest, row FROM searched_messages WHERE document = ?", (document,)
                )
            }
            changed = 0
            for message in messages:
                digest, row = known.pop(message.message_id, ("", 0))
                if digest == message.digest():
                    continue
                changed += 1
                if row:
                    self._drop(row)
                self._add(document, message)
            for _, row in known.values():
                changed += 1
                self._drop(row)
            self._connection.execute(
                "INSERT OR REPLACE INTO searched_documents VALUES (?, ?)", (document, looks)
            )
        return changed

    def forget(self, document: str) -> None:
        """Take a document that is gone out of the index."""
        with self._file.writing(hint=_CHECK):
            rows = self._connection.execute(
                "SELECT row FROM searched_messages WHERE document = ?", (document,)
            ).fetchall()
            for (row,) in rows:
                self._drop(row)
            self._connection.execute("DELETE FROM searched_documents WHERE document = ?", (document,))

    def clear(self) -> None:
        """Drop everything, so that the next look at the documents indexes them anew."""
        for document in self.documents():
            self.forget(document)

    def search(
        self,
        query: str,
        *,
        source: str | None = None,
        role: str | None = None,
        since: str | None = None,
        documents: Sequence[str] | None = None,
        limit: int = 20,
        signs: tuple[str, str] = ("[", "]"),
    ) -> list[Hit]:
        """The messages that hold all words and "phrases" of the query, the best first; of all documents, or of these.

        Raises CommandRefused for a query without words, and StoreError for an index that cannot be read.
        """
        require_text("query", query)
        conditions, values = ["searched_texts MATCH ?"], [_matching(query)]
        among = None if documents is None else msgspec.json.encode(documents).decode()
        for column, value in (
            ("source = ?", source),
            ("role = ?", role),
            ("date >= ?", since),
            ("document IN (SELECT value FROM json_each(?))", among),
        ):
            if value is not None:
                conditions.append(column)
                values.append(value)
        rows = self._ask(
            "SELECT document, thread_id, thread, message_id, source, role, sender_id, date,"
            " snippet(searched_texts, 0, ?, ?, '…', 24), -bm25(searched_texts)"
            " FROM searched_texts JOIN searched_messages ON searched_messages.row = searched_texts.rowid"
            f" WHERE {' AND '.join(conditions)}"
            " ORDER BY bm25(searched_texts), date DESC, document, message_id LIMIT ?",
            (*signs, *values, limit),
        )
        names = [field.name for field in msgspec.structs.fields(Hit)]
        return [Hit(**dict(zip(names, row, strict=True))) for row in rows]

    def rows(self) -> list[tuple[str, ...]]:
        """Everything that is indexed, in an order that is the same for equal indexes."""
        return self._ask(
            "SELECT document, message_id, thread_id, thread, source, role, sender_id, date, digest, text"
            " FROM searched_messages JOIN searched_texts ON searched_messages.row = searched_texts.rowid"
            " ORDER BY document, message_id"
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._file.ask(question, values, hint=_AGAIN)

    def _add(self, document: str, one: Searchable) -> None:
        row = self._connection.execute(
            "INSERT INTO searched_messages (document, message_id, thread_id, thread, source, role, sender_id, date,"
            " digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document, one.message_id, one.thread_id, one.thread, one.source, one.role, one.sender_id, one.date,
                one.digest(),
            ),
        ).lastrowid  # fmt: skip
        self._connection.execute("INSERT INTO searched_texts (rowid, text) VALUES (?, ?)", (row, one.text))

    def _drop(self, row: int) -> None:
        self._connection.execute("DELETE FROM searched_messages WHERE row = ?", (row,))
        self._connection.execute("DELETE FROM searched_texts WHERE rowid = ?", (row,))


def _matching(query: str) -> str:
    """A query as FTS5 spells it: words and phrases quoted, so that none is an operator; `word*` is a beginning."""
    found: list[str] = []
    for phrase, word in _PHRASE.findall(query):
        # FTS5 takes a query to end with a NUL, and text to go on there as after any other sign.
        text = (phrase or word).replace('"', " ").replace("\0", " ").strip()
        if not _WORD.search(text):
            continue
        star = "*" if word.endswith("*") else ""
        found.append(f'"{text.rstrip("*")}"{star}')
    if not found:
        raise CommandRefused("the query has no word", hint='Name words, or a "phrase"')
    return " ".join(found)
