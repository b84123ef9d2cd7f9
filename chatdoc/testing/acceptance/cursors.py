"""Consumer cursor: how far a consumer has read is one row that moves, in the transaction of what it did."""

from __future__ import annotations

import pytest

from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory


def put(store: DocumentStore, consumer: str, sequence: int) -> None:
    """Note how far a consumer has come as a unit of its own."""
    store.write(lambda unit: unit.put_cursor(consumer, sequence))


class CursorSuite:
    """Promises of `DocumentStore.cursors` and `UnitOfWork.put_cursor`."""

    def test_cursor_is_where_it_was_put_last(self, stores: StoreFactory) -> None:
        """Each consumer has its own, and none before the first time; other handles see the same."""
        store = stores.make()
        assert store.cursors.get("reactor") is None
        for sequence in (0, 7, 500):
            put(store, "reactor", sequence)
            assert store.cursors.get("reactor") == sequence
        put(store, "other \N{SNOWMAN}", 3)
        assert (store.cursors.get("reactor"), store.cursors.get("other \N{SNOWMAN}")) == (500, 3)
        assert store.cursors.get("nobody") is None
        if stores.is_shared:
            assert stores.again(store).cursors.get("reactor") == 500

    def test_cursor_moves_with_its_unit_or_not_at_all(self, stores: StoreFactory) -> None:
        """The work finds it moved; when its unit is undone it stands where it stood."""
        store = stores.make()
        put(store, "reactor", 7)

        def work(unit: UnitOfWork) -> None:
            unit.put_cursor("reactor", 8)
            unit.put_cursor("new", 1)
            assert store.cursors.get("reactor") == 8
            raise KeyError

        with pytest.raises(KeyError):
            store.write(work)
        assert (store.cursors.get("reactor"), store.cursors.get("new")) == (7, None)
