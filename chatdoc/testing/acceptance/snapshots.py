"""Snapshots: a shortcut past the update log comes back whole, and a newer one is never replaced by an older one."""

from __future__ import annotations

from chatdoc.store.ports import DocumentStore, Rows
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import NOW, append, rows, written


def with_updates(stores: StoreFactory) -> tuple[DocumentStore, int]:
    """A store with ten updates, and the place before them."""
    store = stores.make()
    start = store.updates.last_sequence()
    store.write(lambda unit: [append(unit, str(number)) for number in range(10)])
    return store, start


def stored_rows(store: DocumentStore) -> Rows | None:
    """The row snapshot in one piece; each of its pieces must be whole lines."""
    found = store.snapshots.row_pieces()
    if found is None:
        return None
    pieces = [bytes(piece) for piece in found.headers]
    assert all(piece.endswith(b"\n") for piece in pieces if piece), "a piece ends within a line"
    return Rows(
        sequence=found.sequence, known=found.known, headers=b"".join(pieces), others=bytes(found.others)
    )


class SnapshotSuite:
    """Promises of `DocumentStore.snapshots`."""

    def test_rows_come_back_as_they_were_put(self, stores: StoreFactory) -> None:
        """Few lines and many, and none at all."""
        store, start = with_updates(stores)
        for number, lines in enumerate((3, 20_000, 0), 1):
            put = rows(start + number, lines=lines)
            store.snapshots.put_rows(put, recorded_at_ms=NOW)
            assert stored_rows(store) == put

    def test_newer_rows_win_and_older_ones_change_nothing(self, stores: StoreFactory) -> None:
        """Whoever is late with rows of an earlier place has put them in vain, through another handle too."""
        store, start = with_updates(stores)
        store.snapshots.put_rows(rows(start + 2), recorded_at_ms=NOW)
        store.snapshots.put_rows(rows(start + 9, lines=7), recorded_at_ms=NOW)
        store.snapshots.put_rows(rows(start + 5), recorded_at_ms=NOW + 1)
        assert stored_rows(store) == rows(start + 9, lines=7)
        other = stores.again(store)
        other.snapshots.put_rows(rows(start + 4), recorded_at_ms=NOW + 2)
        assert stored_rows(other) == stored_rows(store) == rows(start + 9, lines=7)
        other.snapshots.put_rows(rows(start + 10), recorded_at_ms=NOW + 3)
        assert stored_rows(store) == rows(start + 10)

    def test_snapshots_leave_the_log_alone(self, stores: StoreFactory) -> None:
        """Every update can still be read, and the next one goes on from the last."""
        store, start = with_updates(stores)
        store.snapshots.put_rows(rows(start + 10), recorded_at_ms=NOW)
        assert store.write(lambda unit: append(unit, "next")) == start + 11
        assert written(store, start) == [*map(str, range(10)), "next"]
