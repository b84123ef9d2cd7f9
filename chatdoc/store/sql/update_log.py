"""Append-only update log: what was appended comes back in order and unchanged, whoever else appended meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.ports import Entry
from chatdoc.store.sql import digests
from chatdoc.store.sql.database import Database

PAGE_ENTRIES = 256
"""How many entries are read at a time; between two reads others may write."""

INSERT = "INSERT INTO updates VALUES (?, ?, ?, ?, ?)"
LAST = "SELECT coalesce(max(sequence), 0) FROM updates"
_AFTER = (
    "SELECT sequence, origin, recorded_at_ms, digest, bytes FROM updates"
    " WHERE sequence >= ? ORDER BY sequence LIMIT ?"
)
_FLOOR = "SELECT floor FROM document"
_RAISE_FLOOR = f"UPDATE document SET floor = ({LAST}) WHERE floor < ({LAST})"


def row_of(
    document: bytes, sequence: int, origin: str, recorded_at_ms: int, update: bytes
) -> tuple[Any, ...]:
    """The row of an entry, as INSERT wants it."""
    seal = digests.of_update(document, sequence, origin, recorded_at_ms, update)
    return sequence, origin, recorded_at_ms, seal, update


class SqlUpdateLog:
    """The updates of the document; see the port."""

    def __init__(self, database: Database, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self._salt = document_id.encode("utf-8", "surrogatepass")

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """See the port."""
        expected = after + 1
        while found := self._database.rows(_AFTER, (expected, PAGE_ENTRIES), "read its updates"):
            for sequence, origin, recorded_at_ms, digest, update in found:
                if sequence != expected:
                    raise self._damaged(expected, f"is missing; the next one is {sequence}")
                if not digests.holds(digest, self._salt, sequence, origin, recorded_at_ms, update):
                    raise self._damaged(sequence, "is not what was appended: its digest differs")
                expected += 1
                yield Entry(sequence, update, origin)
        reached = self.floor()
        if expected <= reached:
            raise self._damaged(expected, f"is missing; the log had reached {reached}")

    def verified(self) -> Iterator[tuple[int, bool]]:
        """Every entry that is there, and whether it is what was appended; for who goes on beyond damage."""
        after = 0
        while found := self._database.rows(_AFTER, (after + 1, PAGE_ENTRIES), "read its updates"):
            for sequence, origin, recorded_at_ms, digest, update in found:
                yield sequence, digests.holds(digest, self._salt, sequence, origin, recorded_at_ms, update)
            after = found[-1][0]

    def last_sequence(self) -> int:
        """See the port."""
        last: int = self._database.rows(LAST, (), "find its last update")[0][0]
        return last

    def floor(self) -> int:
        """A sequence that the log has reached for certain."""
        found = self._database.rows(_FLOOR, (), "look up its document")
        return found[0][0] if found and type(found[0][0]) is int else 0

    def require_reached(self) -> None:
        """Raise StoreDamaged where entries that were there are not there any more."""
        last, floor = self.last_sequence(), self.floor()
        if last < floor:
            raise self._damaged(last + 1, f"is missing; the log had reached {floor}")

    def raise_floor(self) -> None:
        """Note how far the log has come.

        A damaged page of SQLite's tree can hide the newest entries without any digest being wrong. Appending does not
        pay for this, so entries since the last note are found or lost with the page they lie in. SQL itself computes
        the note, from what its own transaction sees, so it never says more than what is committed.
        """
        if self.floor() < self.last_sequence():
            self._database.change(lambda execute, _: execute(_RAISE_FLOOR), "note how far its log has come")

    def _damaged(self, sequence: int, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"entry {sequence} of document {self._document_id} in {self._database.name} {what}",
            hint=self._database.start_over,
        )
