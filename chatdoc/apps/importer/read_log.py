"""Pass 2: a log is read from its cursor in batches; each is in its document before the index says it was read."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from chatdoc.apps.importer.discover import LONG_HEAD_BYTES, Found
from chatdoc.apps.importer.documents import Documents, Target
from chatdoc.apps.importer.enter import enter
from chatdoc.apps.importer.imported_logs import ImportedLogs
from chatdoc.apps.importer.outcome import SessionOutcome, outcomes_of, restored, stored
from chatdoc.apps.importer.prefix import Prefix, is_intact
from chatdoc.apps.importer.redaction_marks import marked_threads
from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError, CommandRefused
from chatdoc.model.view.view import View
from chatdoc.store.session_index.index import LogRow, SessionIndex
from migrate.session.item import Source
from migrate.session.log import LINE_BYTES_MAX
from migrate.session.thread_state import thread_of
from migrate.session.weave import LogWeaver, was_redacted

PARSER_VERSION = 3
"""Rises when the same line gives other facts: what an older one read is read anew by the next import.

2 keeps what Codex tells the model beside the chat. 3 keeps each line of which a part is told nowhere, and what stands
between the records that a resumed session repeats and the first of its own.
"""
BATCH_BYTES = 4 * 1024 * 1024
PARTIAL = "partial"

Clean = Callable[[bytes], bytes]
"""Takes secrets out of a line."""


def cleans_texts(clean: Clean | None) -> Callable[[str], str] | None:
    """What takes secrets out of a text that came in pieces, none of which shows them by itself."""
    if clean is None:
        return None
    return lambda text: clean(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


class _Reading(NamedTuple):
    """A log that is being read: its file, as it was found, what the index has of it, and how far it was woven."""

    file: BinaryIO
    found: Found
    row: LogRow | None
    weaver: LogWeaver
    prefix: Prefix


class LogFiles:
    """Reads log files into documents, and keeps the index of them."""

    def __init__(
        self,
        index: SessionIndex,
        target: Target,
        documents: Documents,
        *,
        clock: Clock,
        clean: Clean | None = None,
    ) -> None:
        self.index = index
        self._target = target
        self._documents = documents
        self._clock = clock
        self._clean, self._whole = clean, cleans_texts(clean)
        self._unsaved: set[str] = set()
        """The documents that something was entered into since they were saved."""
        self._marked: dict[str, set[str]] = {}
        """The threads with marks of redaction, by document, of those that were asked for them."""

    def known_source(self, path: str, size: int, mtime_ns: int) -> Source | None:
        """Whose log a file is, when it looks as it did when it was indexed."""
        row = self.index.get(path)
        if row is None or (row.size, row.mtime_ns) != (size, mtime_ns):
            return None
        source: Source = msgspec.convert(row.source, Source)
        return source

    def goes_into(self, found: Found, source: Source) -> str:
        """The document of a log, as the log's beginning says it; empty where none has to be opened for it."""
        row = self.index.get(found.path)
        if self._target.file is not None or (row is not None and self._is_unchanged(row, found)):
            return ""
        weaver = LogWeaver.start(source, found.stem)
        try:
            with open(found.path, "rb") as file:
                for line in file.read(LONG_HEAD_BYTES).splitlines(keepends=True):
                    if weaver.folder or not line.endswith(b"\n"):
                        break
                    weaver.feed(line)
            return str(self._document_of(weaver, row))
        except OSError:
            return ""

    def take(self, found: Found, source: Source) -> list[SessionOutcome]:
        """Import what a file has that was not read yet; raises OSError and ChatdocError."""
        row = self.index.get(found.path)
        usable = row is not None and self._is_usable(row, source)
        if row is not None and usable and self._is_unchanged(row, found):
            if row.missing_since_ms is not None:
                self.index.put(msgspec.structs.replace(row, missing_since_ms=None, seen_at_ms=self._clock()))
            return restored(row.sessions, path=row.path, document=row.document, result="unchanged")
        if row is not None and self._clean is None:
            self._require_unredacted(row)
        with open(found.path, "rb") as file:
            others = ImportedLogs(self.index, row, self._view_of)
            weaver, prefix = LogWeaver.start(source, found.stem, others, self._whole), Prefix()
            result = "imported"
            if row is not None and usable:
                result = "changed"
                every = row.inode != found.inode or found.size <= row.size
                if found.size >= row.cursor and is_intact(file, row.cursor, row.prefix_digests, every=every):
                    weaver = LogWeaver.resume(row.state, found.stem, others, self._whole)
                    prefix = Prefix(row.prefix_digests, row.cursor)
                    result = "unchanged" if found.size == row.size else "grown"
                    if row.result == PARTIAL:
                        result = "imported"
                        weaver.take_up_all()
            return self._read(_Reading(file, found, row, weaver, prefix), result)

    def saved(self, but: AbstractSet[str] = frozenset()) -> None:
        """Note that the texts of all documents have been written, but for some."""
        if written := self._unsaved - but:
            self.index.note_saved(sorted(written))
            self._unsaved -= written

    def save_what_was_left(self) -> list[tuple[str, OSError | ChatdocError]]:
        """Write the texts that a killed import left behind: where its logs are all read, nobody else would.

        Those that cannot be opened, each with why, are left for the next import.
        """
        failed: list[tuple[str, OSError | ChatdocError]] = []
        for document in self.index.unsaved():
            if document in self._unsaved - self._documents.unsaved:
                continue
            if self._documents.has(Path(document)):
                try:
                    self._documents.get(Path(document))  # Opening saves it.
                except (OSError, ChatdocError) as error:
                    failed.append((document, error))
                    continue
            self._unsaved.add(document)
        return failed

    def _view_of(self, document: str) -> View | None:
        """What another log was imported into, with what this run has entered."""
        return self._documents.get(Path(document)).view if self._documents.has(Path(document)) else None

    def _is_usable(self, row: LogRow, source: Source) -> bool:
        """Whether reading may go on where it stopped: same parser, and the document that has the rest is there."""
        document = Path(row.document)
        wanted = self._target.file
        return (
            row.parser_version == PARSER_VERSION
            and row.source == source
            and self._documents.has(document)
            and (wanted is None or wanted == document)
        )

    def _require_unredacted(self, row: LogRow) -> None:
        """Raise CommandRefused where secrets that an earlier import took out would come into its document now."""
        document = Path(row.document)
        goes_there = self._target.file in (None, document) and self._documents.has(document)
        if goes_there and self._was_redacted(row):
            raise CommandRefused(
                f"it was imported into {document.name} without its secrets, which would come in now",
                hint="Give --redact, or import it into another document",
            )

    def _was_redacted(self, row: LogRow) -> bool:
        """Whether a log was imported without its secrets; what an earlier version left says so by its marks alone."""
        told = was_redacted(row.state)
        if told is not None:
            return told
        if row.document not in self._marked:
            view = self._view_of(row.document)
            self._marked[row.document] = marked_threads(view) if view is not None else set()
        sessions = {one.session_id for one in restored(row.sessions, path="", document="", result="")}
        threads = {thread_of(row.source, one) for one in (row.source_session_id, *sessions)}
        return not threads.isdisjoint(self._marked[row.document])

    def _is_unchanged(self, row: LogRow, found: Found) -> bool:
        looks_same = (row.size, row.mtime_ns, row.inode) == (found.size, found.mtime_ns, found.inode)
        return looks_same and row.result != PARTIAL

    def _read(self, reading: _Reading, result: str) -> list[SessionOutcome]:
        file, found, row, weaver, _ = reading
        resumed = weaver.progress.offset
        file.seek(resumed)
        unsaved, tail = 0, b""
        while raw := file.readline(LINE_BYTES_MAX + 1):
            if not raw.endswith(b"\n"):
                if len(raw) > LINE_BYTES_MAX:
                    rest, has_end = rest_of_line(file)
                    if has_end:
                        weaver.skip(len(raw) + rest)
                        continue
                    raw = b"{"  # What it says is not looked at, only that it has no end yet.
                tail = raw
                break
            weaver.feed(raw if self._clean is None else self._clean(raw), len(raw))
            unsaved += len(raw)
            if unsaved >= BATCH_BYTES and (row is not None or weaver.has_begun):
                unsaved = 0
                self._enter(weaver, row)
                self._keep(reading, weaver.progress.offset, PARTIAL, [], weaver.stored())
        cursor, state = weaver.progress.offset, weaver.stored()
        weaver.end(tail if self._clean is None else self._clean(tail))
        if row is None and not weaver.has_begun:
            return []  # Nor does it say yet where its session belongs: that is read once more.
        document = self._enter(weaver, row)
        outcomes = outcomes_of(weaver, path=found.path, document=str(document), result=result)
        if outcomes:
            self._keep(reading, cursor, result, outcomes, state)
        return outcomes

    def _keep(
        self,
        reading: _Reading,
        cursor: int,
        result: str,
        outcomes: list[SessionOutcome],
        state: bytes | None,
    ) -> None:
        """Note how far a log was read, so that the next import, or one after a kill, goes on there."""
        if state is None:
            return
        file, found, row, weaver, prefix = reading
        now, here = self._clock(), file.tell()
        size = (
            cursor if result == PARTIAL else max(found.size, cursor)
        )  # It may have grown since it was found.
        kept = LogRow(
            path=found.path,
            source=weaver.progress.source,
            source_session_id=weaver.session,
            document=str(self._document_of(weaver, row)),
            size=size,
            mtime_ns=found.mtime_ns,
            inode=found.inode,
            cursor=cursor,
            prefix_digests=prefix.digests_to(file, cursor),
            state=state,
            parser_version=PARSER_VERSION,
            sessions=stored(outcomes),
            result=result,
            indexed_at_ms=now,
            seen_at_ms=now,
            head=weaver.copy.head,
            continues=weaver.copy.parent,
        )
        file.seek(here)
        self.index.put(kept)

    def _enter(self, weaver: LogWeaver, row: LogRow | None) -> Path:
        path = self._document_of(weaver, row)
        if row is None and self._clean is None:  # Its log may have had another path.
            other = self.index.of_session(weaver.progress.source, weaver.session)
            if other is not None and other.document == str(path):
                self._require_unredacted(other)
        woven = weaver.woven.take()
        facts = woven.all_facts()
        if facts or woven.activities:
            if str(path) not in self._unsaved:
                self.index.note_unsaved(str(path))
                self._unsaved.add(str(path))
            enter(self._documents.get(path), facts, woven.activities)
        return path

    def _document_of(self, weaver: LogWeaver, row: LogRow | None) -> Path:
        """Where a log was imported it goes on, while that document is there."""
        if self._target.file is None and row is not None and self._documents.has(Path(row.document)):
            return Path(row.document)
        return self._target.document_of(weaver.folder)


def rest_of_line(file: BinaryIO) -> tuple[int, bool]:
    """How many bytes are left of a line, and whether it has an end."""
    count = 0
    while piece := file.readline(1024 * 1024):
        count += len(piece)
        if piece.endswith(b"\n"):
            return count, True
    return count, False
