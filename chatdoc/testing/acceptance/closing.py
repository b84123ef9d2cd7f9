"""Closing: a closed store answers nothing any more, and another handle on it is none the worse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatdoc.model.errors import StoreError
from chatdoc.store.ports import DocumentStore
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import NOW, append, do_command, rows, written

CALLS: dict[str, Callable[[DocumentStore], object]] = {
    "write": lambda store: store.write(lambda unit: append(unit, "late")),
    "write_each": lambda store: store.write_each([lambda unit: append(unit, "late")]),
    "at_one_moment": lambda store: store.at_one_moment(lambda: store.updates.last_sequence()),
    "entries": lambda store: list(store.updates.entries()),
    "last_sequence": lambda store: store.updates.last_sequence(),
    "receipt": lambda store: store.receipts.get("command"),
    "registration": lambda store: store.registry.registration(),
    "markers": lambda store: store.registry.markers(),
    "leases": lambda store: store.leases.all(),
    "cursor": lambda store: store.cursors.get("reactor"),
    "row_pieces": lambda store: store.snapshots.row_pieces(),
    "put_rows": lambda store: store.snapshots.put_rows(rows(1), recorded_at_ms=NOW),
    "seal_logs": lambda store: store.seal_logs(),
    "shrink": lambda store: store.shrink(free_share_min=0.0),
    "verify": lambda store: store.verify(),
    "changed": lambda store: store.feed.changed(),
}


class ClosingSuite:
    """Promises of `DocumentStore.close`."""

    def test_closed_store_refuses_every_call(self, stores: StoreFactory) -> None:
        """Each raises StoreError; a second close does nothing, and a wait ends at once."""
        store = stores.make()
        store.close()
        store.close()
        for name, call in CALLS.items():
            with pytest.raises(StoreError):
                pytest.fail(f"{name} answered {call(store)!r} after close")
        assert not store.feed.wait(0.01)

    def test_closed_store_is_there_for_others(self, stores: StoreFactory) -> None:
        """What was written is found by a handle that is open, and by one that is opened later."""
        store = stores.make()
        other = stores.again(store)
        start = store.updates.last_sequence()
        store.write(lambda unit: do_command(store, unit, "a"))
        store.close()
        assert written(other, start) == ["a"]
        other.write(lambda unit: do_command(other, unit, "b"))
        other.close()
        assert written(stores.again(store), start) == ["a", "b"]
