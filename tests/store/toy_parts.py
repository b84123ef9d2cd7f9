"""Read side of the toy store: each part of the port asks the contents, as they are at that moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from chatdoc.model.events.event import Event
from chatdoc.store.ports import Entry, Registration, RowPieces


class ToyPart:
    """One of the parts by which a store is read."""

    def __init__(self, store: Any) -> None:
        self._store, self._look = store, store.look


class ToyUpdates(ToyPart):
    def entries(self, after: int = 0) -> Iterator[Entry]:
        while page := self._page(after):
            yield from page
            after += len(page)

    def _page(self, after: int) -> list[Entry]:
        return self._look(lambda held: held.updates[after : after + 100])

    def sealed_through(self) -> int:
        return self._look(lambda held: 0)

    def last_sequence(self) -> int:
        return self._look(lambda held: len(held.updates))


class ToyEvents(ToyPart):
    def read(self, after: int = 0, limit: int = 500) -> list[Event]:
        return self._look(lambda held: held.events[after : after + limit])

    def read_of(self, kind: str, stream_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        stream = (kind, stream_id)
        return [one for one in self.read(after, 10**9) if (one.aggregate_kind, one.stream_id) == stream][
            :limit
        ]

    def last_sequence(self) -> int:
        return self._look(lambda held: len(held.events))

    def compacted_through(self) -> int:
        return 0

    def require_whole(self, after: int, stream: tuple[str, str] | None = None) -> None:
        """Nothing is ever folded away here."""

    def began_at_ms(self) -> int | None:
        return self._look(lambda held: held.began_at_ms)

    def project_id(self) -> str | None:
        return next((one.stream_id for one in self.read(0, 10**9) if one.aggregate_kind == "project"), None)


class ToyReceipts(ToyPart):
    def get(self, command_id: str):
        return self._look(lambda held: held.receipts.get(command_id))


class ToySnapshots(ToyPart):
    def row_pieces(self) -> RowPieces | None:
        rows = self._look(lambda held: held.rows)
        return rows and RowPieces(rows.sequence, rows.known, rows.others, iter([rows.headers]))

    def put_rows(self, rows, *, recorded_at_ms):
        self._store.write(lambda unit: unit.do("put_rows", rows))


class ToyRegistry(ToyPart):
    def registration(self) -> Registration:
        return self._look(lambda held: held.registration)

    def markers(self):
        return self._look(lambda held: tuple(held.markers.values()))


class ToyLeases(ToyPart):
    def all(self):
        return self._look(lambda held: tuple(sorted(held.leases.values(), key=lambda one: one.taken_at_ms)))


class ToyCursors(ToyPart):
    def get(self, consumer: str) -> int | None:
        return self._look(lambda held: held.cursors.get(consumer))


class ToyFeed(ToyPart):
    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._heard = store.foreign()

    def changed(self) -> bool:
        before, self._heard = self._heard, self._store.foreign()
        return self._heard != before

    def wait(self, timeout_s: float) -> bool:
        before, end = self._store.shape(), time.monotonic() + timeout_s
        while not self._store.closed.wait(0.01):
            if self._store.shape() != before:
                return True
            if time.monotonic() > end:
                return False
        return False
