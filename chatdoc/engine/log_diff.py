"""A peer that lacks little gets little: what it misses comes from the end of the log, whatever the document's size."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from chatdoc.crdt import read_update
from chatdoc.crdt.join_updates import joined
from chatdoc.crdt.write_update import beyond
from chatdoc.crdt.ydoc import EMPTY_UPDATE
from chatdoc.store.ports import DocumentStore, UpdateLog

ENTRIES_MAX = 4096
"""How many of the newest entries are remembered by what they span."""
READ_BACK_MAX = 1024
"""How many older entries are read from the log before the whole document is encoded instead."""
MERGE_MAX = 512
"""How many updates that cannot be joined become one answer; beyond that, encoding the whole document costs less."""
JOINED_BYTES = 1 << 24
"""Updates of one writer that follow each other are one of at most so many bytes."""

Spans = dict[int, tuple[int, int]]


class LogDiff:
    """The newest entries of one document's log, by the clocks they span."""

    def __init__(self, log: UpdateLog, sequence: int) -> None:
        self._log = log
        self._floor = sequence + 1
        self._entries: deque[tuple[int, Spans]] = deque()

    def add(self, sequence: int, spans: Spans) -> None:
        """Remember an entry that was appended to the log."""
        if len(self._entries) == ENTRIES_MAX:
            self._floor = self._entries.popleft()[0] + 1
        self._entries.append((sequence, spans))

    def since(self, theirs: dict[int, int], known: dict[int, int]) -> bytes | None:
        """One update with all that lies beyond a peer's state vector, or None when the tail does not reach back so far.

        It carries every removal that came alone after the oldest of it. Older ones are left out: what was removed is
        superseded, and a peer that keeps it reads the same.
        """
        lacking = {
            client: theirs.get(client, 0) for client, end in known.items() if end > theirs.get(client, 0)
        }
        if not lacking:
            return EMPTY_UPDATE
        reached = {client: known[client] for client in lacking}
        found: list[int] = []
        if not self._gather(reversed(self._entries), lacking, reached, found):
            older = self._older()
            if not self._gather(reversed(older), lacking, reached, found):
                return None
        wanted = set(found)
        entries = self._log.entries(after=min(found) - 1)
        updates = joined([entry.update for entry in entries if entry.sequence in wanted], JOINED_BYTES)
        if len(updates) > MERGE_MAX:
            return None
        return updates[0] if len(updates) == 1 else beyond(map(_read, updates), lacking)

    def _gather(
        self,
        entries: Iterable[tuple[int, Spans]],
        lacking: dict[int, int],
        reached: dict[int, int],
        found: list[int],
    ) -> bool:
        """Go back through entries until they reach what the peer has, without a gap; whether they do."""
        for sequence, spans in entries:
            if spans and not any(
                client in lacking and end > lacking[client] for client, (_, end) in spans.items()
            ):
                continue
            found.append(sequence)
            for client, (start, end) in spans.items():
                # An entry may repeat what was known long before; it then says nothing of what came in between.
                if client in reached and end >= reached[client]:
                    reached[client] = min(start, reached[client])
            if all(reached[client] <= clock for client, clock in lacking.items()):
                return True
        return False

    def _older(self) -> list[tuple[int, Spans]]:
        start = max(0, self._floor - 1 - READ_BACK_MAX)
        older = []
        for entry in self._log.entries(after=start):
            if entry.sequence >= self._floor:
                break
            older.append((entry.sequence, _read(entry.update).spans))
        return older


def _read(update: bytes) -> read_update.Reading:
    return read_update.read(update, bounded=False)


def updates_until(store: DocumentStore, sequence: int) -> Iterator[bytes]:
    """Every update of a log up to an entry."""
    return (entry.update for entry in store.updates.entries() if entry.sequence <= sequence)
