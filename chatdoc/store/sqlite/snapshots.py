"""A snapshot is a shortcut past the log: whole and current, or set aside as if it had never been."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from chatdoc.model.errors import ChatdocError, StoreDamaged
from chatdoc.store.ports import RowPieces, Rows
from chatdoc.store.sqlite import digests
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.sqlite_errors import FAULTS, Fault

_log = logging.getLogger("chatdoc.store")

_PARTS = {"rows": ("headers", "others"), "state": ("state",)}
_LINES = ("headers", "others")
_SNAPSHOT = "SELECT sequence, known, digest, set_aside FROM snapshots WHERE document = ? AND kind = ?"
_PIECES = "SELECT part, number, checksum, digest FROM pieces WHERE document = ? AND part = ? ORDER BY number"
_BYTES = "SELECT checksum, bytes FROM pieces WHERE document = ? AND part = ? ORDER BY number"
_PUT_PIECE = "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?, ?)"
_CUT_PIECES = "DELETE FROM pieces WHERE document = ? AND part = ? AND number >= ?"
_PUT_SNAPSHOT = "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, 0, ?)"
_SET_ASIDE = "UPDATE snapshots SET set_aside = 1 WHERE document = ? AND kind = ? AND sequence = ?"
_known = msgspec.json.Decoder(dict[int, int])


class Snapshots:
    """The newest row snapshot and the newest Y state of one document."""

    def __init__(self, database: Database, number: int, document_id: str) -> None:
        self._database = database
        self._number = number
        self._document_id = document_id

    def rows(self) -> Rows | None:
        """The row snapshot, or None when there is none to trust."""
        found = self.row_pieces()
        if found is None:
            return None
        try:
            headers = _joined(found.headers)
        except StoreDamaged:
            return None
        return Rows(sequence=found.sequence, known=found.known, headers=headers, others=found.others)

    def row_pieces(self) -> RowPieces | None:
        """The row snapshot with its headers still to be read; their iterator raises StoreDamaged."""
        try:
            opened = self._open("rows")
            if opened is None:
                return None
            others = _joined(opened.part("others"))
        except StoreDamaged:
            return None
        return RowPieces(opened.sequence, _known.decode(opened.known), others, opened.part("headers"))

    def state(self) -> tuple[int, bytes] | None:
        """The Y state, or None when there is none to trust."""
        try:
            opened = self._open("state")
            return None if opened is None else (opened.sequence, _joined(opened.part("state")))
        except StoreDamaged:
            return None

    def put_rows(self, rows: Rows, recorded_at_ms: int) -> None:
        """Replace the row snapshot by one that is not older."""
        known = msgspec.json.encode(rows.known).decode()
        parts = {"headers": rows.headers, "others": rows.others}
        self._put("rows", rows.sequence, known, parts, recorded_at_ms)

    def put_state(self, sequence: int, update: bytes, recorded_at_ms: int) -> None:
        """Replace the Y state by one that is not older."""
        self._put("state", sequence, "{}", {"state": update}, recorded_at_ms)

    def _put(
        self, kind: str, sequence: int, known: str, parts: dict[str, bytes], recorded_at_ms: int
    ) -> None:
        with self._database.writing(f"store a snapshot of {kind}") as connection:
            before = connection.execute(_SNAPSHOT, (self._number, kind)).fetchone()
            if before is not None and not before[3] and before[0] > sequence:
                return
            index = []
            for part in _PARTS[kind]:
                kept = set()
                if before is not None and not before[3]:
                    kept = {row[1:] for row in connection.execute(_PIECES, (self._number, part))}
                count = 0
                for piece in digests.pieces(parts[part], lines=part in _LINES):
                    entry = (count, digests.checksum(piece), sha256(piece).digest())
                    if entry not in kept:
                        connection.execute(_PUT_PIECE, (self._number, part, *entry, piece))
                    index.append((part, *entry))
                    count += 1
                connection.execute(_CUT_PIECES, (self._number, part, count))
            seal = digests.of_snapshot(self._document_id.encode(), kind, sequence, known, index)
            connection.execute(_PUT_SNAPSHOT, (self._number, kind, sequence, known, recorded_at_ms, seal))

    def _open(self, kind: str) -> _Opened | None:
        opened = _Opened(self._database, self._number, self._document_id, kind)
        return opened if opened.found else None


class _Opened:
    """A snapshot as of one moment, whatever is written meanwhile; `found` is false when there is none."""

    def __init__(self, database: Database, number: int, document_id: str, kind: str) -> None:
        self._database = database
        self._number = number
        self._name = f"the snapshot of {kind} of document {document_id} in {database.file}"
        self._kind = kind
        self.sequence = 0
        self.known = ""
        try:
            self._connection = database.reader()
            found = self._connection.execute(_SNAPSHOT, (number, kind)).fetchone()
            self.found = found is not None and not found[3]
            if not self.found:
                return
            self.sequence, self.known, digest, _ = found
            index = [
                row for part in _PARTS[kind] for row in self._connection.execute(_PIECES, (number, part))
            ]
        except FAULTS as error:
            raise self._failed(error) from error
        seal = digests.of_snapshot(document_id.encode(), kind, self.sequence, self.known, index)
        if seal != digest:
            raise self._damaged("its digest differs")

    def part(self, part: str) -> Iterator[bytes]:
        """The pieces of one part, each checked."""
        try:
            for count, (checksum, piece) in enumerate(self._connection.execute(_BYTES, (self._number, part))):
                if type(piece) is not bytes or digests.checksum(piece) != checksum:
                    raise self._damaged(f"piece {count} of its {part} has another checksum")
                yield piece
        except FAULTS as error:
            raise self._failed(error) from error

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()

    def _failed(self, error: Fault) -> Exception:
        failed = self._database.failed(error, f"read a snapshot of {self._kind}")
        if isinstance(failed, StoreDamaged):
            _log.warning("%s; the document is read from its log", failed)
        return failed

    def _damaged(self, what: str) -> StoreDamaged:
        """Log the damage, and mark the snapshot so that nobody reads it again or keeps pieces of it."""
        _log.warning("%s is damaged: %s; it is set aside, the log has everything", self._name, what)
        with contextlib.suppress(ChatdocError), self._database.writing("set a snapshot aside") as connection:
            connection.execute(_SET_ASIDE, (self._number, self._kind, self.sequence))
        return StoreDamaged(
            f"{self._name} is damaged: {what}", hint="Open the document again; its log has everything"
        )


def _joined(pieces: Iterator[bytes]) -> bytes:
    """The pieces as one, without copying the whole twice as `join` would."""
    whole = io.BytesIO()
    for piece in pieces:
        whole.write(piece)
    return whole.getvalue()
