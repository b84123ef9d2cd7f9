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
from chatdoc.store.sql.database import Database, Question

_log = logging.getLogger("chatdoc.store")

_PARTS = {"rows": ("headers", "others"), "state": ("state",)}
_LINES = ("headers", "others")
_SNAPSHOT = "SELECT sequence, known, digest, set_aside FROM snapshots WHERE kind = ?"
_PIECES = "SELECT part, number, checksum, digest FROM pieces WHERE part = ? ORDER BY number"
_BYTES = "SELECT checksum, bytes FROM pieces WHERE part = ? ORDER BY number"
_PUT_PIECE = "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?)"
_CUT_PIECES = "DELETE FROM pieces WHERE part = ? AND number >= ?"
_PUT_SNAPSHOT = "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, 0, ?)"
_SET_ASIDE = "UPDATE snapshots SET set_aside = 1 WHERE kind = ? AND sequence = ?"
_DOING = "check its snapshots"
_known = msgspec.json.Decoder(dict[int, int])


class SqlSnapshots:
    """The newest row snapshot and the newest Y state of the document; see the port."""

    def __init__(self, database: Database, document_id: str, raise_floor: Callable[[], None]) -> None:
        self._database, self._document_id, self._raise_floor = database, document_id, raise_floor

    def row_pieces(self) -> RowPieces | None:
        """See the port."""
        try:
            opened = self._open("rows")
            if opened is None:
                return None
            others = _joined(opened.part("others"))
        except StoreDamaged:
            return None
        return RowPieces(opened.sequence, opened.clocks, others, opened.part("headers"))

    def state(self) -> tuple[int, bytes] | None:
        """See the port."""
        try:
            opened = self._open("state")
            return None if opened is None else (opened.sequence, _joined(opened.part("state")))
        except StoreDamaged:
            return None

    def put_rows(self, rows: Rows, *, recorded_at_ms: int) -> None:
        """See the port."""
        known = msgspec.json.encode(rows.known).decode()
        parts = {"headers": rows.headers, "others": rows.others}
        self._put("rows", rows.sequence, known, parts, recorded_at_ms)

    def put_state(self, sequence: int, update: bytes, *, recorded_at_ms: int) -> None:
        """See the port."""
        self._put("state", sequence, "{}", {"state": update}, recorded_at_ms)

    def damaged(self) -> list[str]:
        """The kinds of snapshots that are not what was stored; those set aside are not counted."""
        return self._database.ask(
            lambda execute: [kind for kind in _PARTS if not self._is_true(execute, kind)], _DOING
        )

    def _is_true(self, execute: Execute, kind: str) -> bool:
        found = execute(_SNAPSHOT, (kind,)).fetchone()
        if found is None or found[3]:
            return True
        sequence, known, digest, _ = found
        index = [row for part in _PARTS[kind] for row in execute(_PIECES, (part,))]
        held = [sha256(piece).digest() for part in _PARTS[kind] for _, piece in execute(_BYTES, (part,))]
        if held != [row[3] for row in index]:
            return False
        return bool(digests.of_snapshot(self._document_id.encode(), kind, sequence, known, index) == digest)

    def _put(
        self, kind: str, sequence: int, known: str, parts: dict[str, bytes], recorded_at_ms: int
    ) -> None:
        database = self._database

        def put() -> None:
            connection = database.connection()
            before = connection.execute(_SNAPSHOT, (kind,)).fetchone()
            whole = before is not None and not before[3]
            if whole and before[0] > sequence:
                return
            index = []
            for part in _PARTS[kind]:
                kept = {row[1:] for row in connection.execute(_PIECES, (part,))} if whole else set()
                count = 0
                for piece in digests.pieces(parts[part], lines=part in _LINES):
                    entry = (count, digests.checksum(piece), sha256(piece).digest())
                    if entry not in kept:
                        connection.execute(_PUT_PIECE, (part, *entry, piece))
                    index.append((part, *entry))
                    count += 1
                connection.execute(_CUT_PIECES, (part, count))
            seal = digests.of_snapshot(self._document_id.encode(), kind, sequence, known, index)
            connection.execute(_PUT_SNAPSHOT, (kind, sequence, known, recorded_at_ms, seal))

        database.transact(put, f"store a snapshot of {kind}")
        self._raise_floor()

    def _open(self, kind: str) -> _Opened | None:
        self._database.require_open()
        opened = _Opened(self._database, self._document_id, kind)
        return opened if opened.found else None


class _Opened:
    """A snapshot as of one moment, whatever is written meanwhile; `found` is false when there is none."""

    def __init__(self, database: Database, document_id: str, kind: str) -> None:
        self._database, self._kind = database, kind
        self._name = f"the snapshot of {kind} of document {document_id} in {database.name}"
        self.sequence, self.known = 0, ""
        self._reading = contextlib.ExitStack()
        try:
            self._execute = self._reading.enter_context(database.reader(_questions(kind))).execute
            found = self._execute(_SNAPSHOT, (kind,)).fetchone()
            self.found = found is not None and not found[3]
            if not self.found:
                return
            self.sequence, self.known, digest, _ = found
            index = [row for part in _PARTS[kind] for row in self._execute(_PIECES, (part,))]
        except database.faults as error:
            raise self._failed(error) from error
        try:
            seal = digests.of_snapshot(document_id.encode(), kind, self.sequence, self.known, index)
            known = _known.decode(self.known)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            raise self._damaged(f"a row is not what was stored ({type(error).__name__})") from error
        if seal != digest:
            raise self._damaged("its digest differs")
        self.clocks = known

    def part(self, part: str) -> Iterator[bytes]:
        """The pieces of one part, each checked."""
        try:
            for count, (checksum, piece) in enumerate(self._execute(_BYTES, (part,))):
                if type(piece) is not bytes or digests.checksum(piece) != checksum:
                    raise self._damaged(f"piece {count} of its {part} has another checksum")
                yield piece
        except self._database.faults as error:
            raise self._failed(error) from error

    def __del__(self) -> None:
        self._reading.close()

    def _failed(self, error: Exception) -> Exception:
        failed = self._database.failed(error, f"read a snapshot of {self._kind}")
        if isinstance(failed, StoreDamaged):
            _log.warning("%s; the document is read from its log", failed)
        return failed

    def _damaged(self, what: str) -> StoreDamaged:
        """Log the damage, and mark the snapshot so that nobody reads it again or keeps pieces of it."""
        _log.warning("%s is damaged: %s; it is set aside, the log has everything", self._name, what)
        with contextlib.suppress(ChatdocError):
            values = (self._kind, self.sequence)
            self._database.change(lambda execute, _: execute(_SET_ASIDE, values), "set a snapshot aside")
        return StoreDamaged(
            f"{self._name} is damaged: {what}", hint="Open the document again; its log has everything"
        )


def _questions(kind: str) -> list[Question]:
    """All that is asked about a snapshot."""
    parts = _PARTS[kind]
    return [(_SNAPSHOT, (kind,)), *((ask, (part,)) for part in parts for ask in (_PIECES, _BYTES))]


def _joined(pieces: Iterator[bytes]) -> bytes:
    """The pieces as one, without copying the whole twice as `join` would."""
    whole = io.BytesIO()
    for piece in pieces:
        whole.write(piece)
    return whole.getvalue()
