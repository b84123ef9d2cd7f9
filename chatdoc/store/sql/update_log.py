"""Append-only update log: what was appended comes back in order and unchanged, whoever else appended meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chatdoc.model.errors import DocumentFailed, StoreDamaged
from chatdoc.store.ports import Entry
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql import digests
from chatdoc.store.sql.compression import pack, unpack
from chatdoc.store.sql.database import Database, Question
from chatdoc.store.sql.update_runs import Row, entries_of, run_with, seal
from chatdoc.store.values import Sealed

PAGE_ENTRIES = 256
"""How many entries are read at a time; between two reads others may write."""

INSERT = "INSERT INTO updates VALUES (?, ?, ?, ?, ?)"
LAST = "SELECT coalesce(max(sequence), 0) FROM updates"
_AFTER = (
    "SELECT sequence, origin, recorded_at_ms, digest, CASE WHEN sequence > ? THEN bytes END FROM updates"
    " WHERE sequence >= ? ORDER BY sequence LIMIT ?"
)
_DIGEST = "SELECT digest FROM updates WHERE sequence = ?"
_RUN_END = "SELECT last FROM update_runs WHERE first <= ? AND last >= ?"
_SEALED = "SELECT coalesce(max(last), 0) FROM update_runs"
_FLOOR = "SELECT floor FROM document"
_RAISE_FLOOR = f"UPDATE document SET floor = ({LAST}) WHERE floor < ({LAST})"


def row_of(
    document: bytes, sequence: int, origin: str, recorded_at_ms: int, update: bytes
) -> tuple[Any, ...]:
    """The row of an entry, as INSERT wants it."""
    digest = digests.of_update(document, sequence, origin, recorded_at_ms, update)
    return sequence, origin, recorded_at_ms, digest, pack(update)


class SqlUpdateLog:
    """The updates of the document; see the port."""

    def __init__(self, database: Database, document_id: str) -> None:
        self._database, self._document_id = database, document_id
        self._salt = document_id.encode("utf-8", "surrogatepass")
        self.told = 0
        """The last entry that was read or appended here; who follows the log asks for what comes behind it."""
        self._newest: tuple[int, bytes] | None = None
        """The last entry that was seen to be stored, and its digest: a log that has another there is another log."""
        self._read: tuple[int, bytes] | None = None
        """The same, as the open transaction sees it."""
        self.is_at_hand: Callable[[Question], bool] = lambda question: False
        """Whether an answer came with a version, so that what it lacks changes that again."""

    def ahead(self) -> list[Question]:
        """What the next transaction will ask where others have appended."""
        return [(_FLOOR, ()), self._asked(self.told + 1 - self._knows(self.told), self.told)]

    def committed(self, sequence: int, digest: bytes | None) -> None:
        """Note the last entry as of a COMMIT of ours, and its digest where it is ours, too."""
        self.told = sequence
        if digest is not None:
            self._newest = sequence, digest
        elif self._read is not None and self._read[0] == sequence:
            self._newest = self._read
        self._read = None

    def replaced(self) -> None:
        """Forget what was seen: we have written all entries anew."""
        self._newest = self._read = None

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """See the port; raises DocumentFailed where the log is another than the one that was read before."""
        known = self._newest
        expected = after + 1 - self._knows(after)  # The last one is looked at again, without its bytes.
        last: tuple[int, bytes] | None = None
        is_more = True
        reached = self.floor()  # Asked first: what is appended behind that is no gap.
        while is_more:
            found, is_more = self._page(expected, after)
            for sequence, origin, recorded_at_ms, digest, update in found:
                if sequence != expected:
                    raise self._damaged(expected, f"is missing; the next one is {sequence}")
                expected += 1
                last = sequence, digest
                if known is not None and sequence == known[0] and digest != known[1]:
                    raise self._went_back(sequence)
                if sequence == after:
                    continue
                if not digests.holds(digest, self._salt, sequence, origin, recorded_at_ms, update):
                    raise self._damaged(sequence, "is not what was appended: its digest differs")
                yield Entry(sequence, update, origin)
        if known is not None and expected <= known[0]:
            raise self._went_back(expected)
        self._note(last, expected - 1)
        if expected <= reached:
            raise self._damaged(expected, f"is missing; the log had reached {reached}")

    def verified(self) -> Iterator[tuple[int, bool]]:
        """Every entry that is there, and whether it is what was appended; for who goes on beyond damage."""
        after = 0
        while True:
            try:
                found, is_more = self._page(after + 1, after)
            except StoreDamaged:  # A run that cannot be read: all that is known is where it ends.
                end = self._database.rows(_RUN_END, (after + 1, after + 1), "read its updates")[0][0]
                yield from ((sequence, False) for sequence in range(after + 1, end + 1))
                after = end
                continue
            for sequence, origin, recorded_at_ms, digest, update in found:
                yield sequence, digests.holds(digest, self._salt, sequence, origin, recorded_at_ms, update)
                after = sequence
            if not is_more:
                return

    def seal(self, *, dry_run: bool) -> Sealed:
        """Put all entries but the newest into compressed runs; a transaction, or a part of the one that is open."""

        def sealed(execute: Execute) -> Sealed:
            try:
                return seal(execute, self.last_sequence(), dry_run=dry_run)
            except ValueError as error:
                raise StoreDamaged(
                    f"the log of document {self._document_id} in {self._database.name} cannot be sealed: {error}",
                    hint=self._database.start_over,
                ) from error

        if dry_run:
            return self._database.ask(sealed, "look at its updates")
        return self._database.change(lambda execute, _: sealed(execute), "seal its updates")

    def sealed_through(self) -> int:
        """See the port."""
        last: int = self._database.rows(_SEALED, (), "find its last run")[0][0]
        return last

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
        floor = self.floor()  # Asked first: others may append and raise it before the next question.
        last = self.last_sequence()
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

    def _knows(self, sequence: int) -> bool:
        """Whether an entry is the last one that was seen here."""
        return self._newest is not None and self._newest[0] == sequence

    def _note(self, last: tuple[int, bytes] | None, reached: int) -> None:
        """Note how far the log was read, and its last entry, for whoever reads on."""
        self.told = reached
        if self._database.is_inside():  # It may be of the open transaction, and be undone with it.
            self._read = last
            return
        if last is None and reached and not self._knows(reached):
            found = self._database.rows(_DIGEST, (reached,), "look at its last update")
            last = (reached, found[0][0]) if found else None
        self._newest = last or self._newest

    @staticmethod
    def _asked(first: int, after: int) -> Question:
        return _AFTER, (after, first, PAGE_ENTRIES)

    def _page(self, first: int, after: int) -> tuple[list[Row], bool]:
        """The next entries from one on, and whether more may come behind them; bytes are of those after one.

        They are those that are stored one by one, or the rest of the run that has the first one.
        """
        asked = self._asked(first, after)
        is_of_one_moment = self._database.is_inside() or self.is_at_hand(asked)
        found = self._database.rows(*asked, "read its updates")
        if not found or found[0][0] != first:
            run = self._database.ask(lambda execute: run_with(execute, first), "read a run of its updates")
            if run is not None:
                try:
                    return [row for row in entries_of(run) if row.sequence >= first], True
                except ValueError as error:
                    raise self._damaged(first, f"lies in a run that cannot be read: {error}") from error
        rows = [
            Row(sequence, origin, recorded_at_ms, digest, _unpacked(update) if sequence > after else b"")
            for sequence, origin, recorded_at_ms, digest, update in found
        ]
        # Others may append meanwhile, but not while a transaction has the lock; who asked ahead hears of what they do.
        return rows, bool(rows) and (len(rows) == PAGE_ENTRIES or not is_of_one_moment)

    def _went_back(self, sequence: int) -> DocumentFailed:
        return DocumentFailed(
            f"entry {sequence} of document {self._document_id} in {self._database.name} is not what this process has"
            " seen there: the store was put back; nothing was written",
            hint="A backup was put back, or a standby that lacked the end was promoted: open the document again, and"
            " repeat commands with their ids",
        )

    def _damaged(self, sequence: int, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"entry {sequence} of document {self._document_id} in {self._database.name} {what}",
            hint=self._database.start_over,
        )


def _unpacked(stored: object) -> Any:
    """The bytes of an update, or None where they are damaged, which no digest holds for."""
    try:
        return unpack(stored)
    except ValueError:
        return None
