"""A snapshot is a shortcut past the log: whole and current, or set aside as if it had never been."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from hashlib import sha256

import msgspec

from chatdoc.model.errors import ChatdocError, StoreDamaged
from chatdoc.store.ports import RowPieces, Rows
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql import digests
from chatdoc.store.sql.compression import pack, unpack
from chatdoc.store.sql.database import Database, Question

_log = logging.getLogger("chatdoc.store")

_PARTS = ("headers", "others")
_SNAPSHOT = "SELECT sequence, known, digest, set_aside FROM snapshots WHERE kind = 'rows'"
_PIECES = "SELECT part, number, checksum, digest FROM pieces WHERE part = ? ORDER BY number"
_BYTES = "SELECT checksum, bytes FROM pieces WHERE part = ? ORDER BY number"
_PUT_PIECE = "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?)"
_CUT_PIECES = "DELETE FROM pieces WHERE part = ? AND number >= ?"
_PUT_SNAPSHOT = "INSERT OR REPLACE INTO snapshots VALUES ('rows', ?, ?, ?, 0, ?)"
_SET_ASIDE = "UPDATE snapshots SET set_aside = 1 WHERE sequence = ?"
_DOING = "check its snapshot"
_QUESTIONS: list[Question] = [
    (_SNAPSHOT, ()),
    *((ask, (part,)) for part in _PARTS for ask in (_PIECES, _BYTES)),
]
"""All that is asked about a snapshot."""
_known = msgspec.json.Decoder(dict[int, int])


class SqlSnapshots:
    """The newest row snapshot of the document; see the port."""

    def __init__(self, database: Database, document_id: str, raise_floor: Callable[[], None]) -> None:
        self._database, self._document_id, self._raise_floor = database, document_id, raise_floor

    def row_pieces(self) -> RowPieces | None:
        """See the port."""
        self._database.require_open()
        try:
            opened = _Opened(self._database, self._document_id)
            if not opened.found:
                return None
            others = _joined(opened.part("others"))
        except StoreDamaged:
            return None
        return RowPieces(opened.sequence, opened.clocks, others, opened.part("headers"))

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """See the port."""
        database = self._database
        known = msgspec.json.encode(rows.known).decode()

        def put() -> None:
            connection = database.connection()
            before = connection.execute(_SNAPSHOT).fetchone()
            whole = before is not None and not before[3]
            if whole and before[0] > rows.sequence:
                return
            index = []
            for part, data in (("headers", rows.headers), ("others", rows.others)):
                kept = {row[1]: row[2:] for row in connection.execute(_PIECES, (part,))} if whole else {}
                count = 0
                for count, piece in enumerate(digests.pieces(data), 1):
                    digest = sha256(piece).digest()
                    entry = kept.get(count - 1)
                    if entry is None or entry[1] != digest:
                        packed = pack(piece)
                        entry = (digests.checksum(packed), digest)
                        connection.execute(_PUT_PIECE, (part, count - 1, *entry, packed))
                    index.append((part, count - 1, *entry))
                connection.execute(_CUT_PIECES, (part, count))
            digest = digests.of_snapshot(self._document_id.encode(), rows.sequence, known, index)
            connection.execute(_PUT_SNAPSHOT, (rows.sequence, known, recorded_at_ms, digest))

        database.transact(put, "store a snapshot of its rows")
        self._raise_floor()

    def is_damaged(self) -> bool:
        """Whether the snapshot is not what was stored; one that was set aside does not count."""
        return self._database.ask(self._is_damaged, _DOING)

    def _is_damaged(self, execute: Execute) -> bool:
        found = execute(_SNAPSHOT).fetchone()
        if found is None or found[3]:
            return False
        sequence, known, digest, _ = found
        index = [row for part in _PARTS for row in execute(_PIECES, (part,))]
        try:
            held = [
                sha256(unpack(piece)).digest() for part in _PARTS for _, piece in execute(_BYTES, (part,))
            ]
        except ValueError:
            return True
        if held != [row[3] for row in index]:
            return True
        return bool(digests.of_snapshot(self._document_id.encode(), sequence, known, index) != digest)


class _Opened:
    """The snapshot as of one moment, whatever is written meanwhile; `found` is false when there is none."""

    def __init__(self, database: Database, document_id: str) -> None:
        self._database = database
        self._name = f"the snapshot of document {document_id} in {database.name}"
        self.sequence, self.known = 0, ""
        self._reading = contextlib.ExitStack()
        try:
            self._execute = self._reading.enter_context(database.reader(_QUESTIONS)).execute
            found = self._execute(_SNAPSHOT, ()).fetchone()
            self.found = found is not None and not found[3]
            if not self.found:
                return
            self.sequence, self.known, digest, _ = found
            index = [row for part in _PARTS for row in self._execute(_PIECES, (part,))]
        except database.faults as error:
            raise self._failed(error) from error
        try:
            true = digests.of_snapshot(document_id.encode(), self.sequence, self.known, index)
            known = _known.decode(self.known)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            raise self._damaged(f"a row is not what was stored ({type(error).__name__})") from error
        if true != digest:
            raise self._damaged("its digest differs")
        self.clocks = known

    def part(self, part: str) -> Iterator[bytes]:
        """The pieces of one part, each checked."""
        damage = ""
        try:
            for count, (checksum, piece) in enumerate(self._execute(_BYTES, (part,))):
                if type(piece) is not bytes or digests.checksum(piece) != checksum:
                    damage = f"piece {count} of its {part} has another checksum"
                    break
                try:
                    unpacked = unpack(piece)
                except ValueError as error:
                    damage = f"piece {count} of its {part}: {error}"
                    break
                yield unpacked
        except self._database.faults as error:
            raise self._failed(error) from error
        if damage:  # Said once the rows are let go of: beside a rollback journal nobody can write while they are read.
            raise self._damaged(damage)

    def __del__(self) -> None:
        self._reading.close()

    def _failed(self, error: Exception) -> Exception:
        failed = self._database.failed(error, "read a snapshot of its rows")
        if isinstance(failed, StoreDamaged):
            _log.warning("%s; the document is read from its log", failed)
        return failed

    def _damaged(self, what: str) -> StoreDamaged:
        """Log the damage, and mark the snapshot so that nobody reads it again or keeps pieces of it."""
        _log.warning("%s is damaged: %s; it is set aside, the log has everything", self._name, what)
        self._reading.close()
        with contextlib.suppress(ChatdocError):
            values = (self.sequence,)
            self._database.change(lambda execute, _: execute(_SET_ASIDE, values), "set a snapshot aside")
        return StoreDamaged(
            f"{self._name} is damaged: {what}", hint="Open the document again; its log has everything"
        )


def _joined(pieces: Iterator[bytes]) -> bytes:
    """The pieces as one, without copying the whole twice as `join` would."""
    whole = io.BytesIO()
    for piece in pieces:
        whole.write(piece)
    return whole.getvalue()
