"""Registry: which document this is, under which file, and how far its migrations went, as it was noted last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from chatdoc.model.errors import DocumentFailed
from chatdoc.store.ports import DocumentStore, Registration, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import (
    NOW,
    append,
    append_events,
    draft,
    lease,
    marker,
    receipt,
    run_marker,
    written,
)


def put(store: DocumentStore, registration: Registration) -> None:
    """Note a registration."""
    store.write(lambda unit: unit.put_registration(registration))


class RegistrySuite:
    """Promises of `DocumentStore.registry`, `put_registration` and `put_marker`."""

    def test_registration_is_the_one_noted_last(self, stores: StoreFactory) -> None:
        """Path, digest, look and place of the text can change and be cleared again; every handle sees it."""
        store = stores.make()
        first = store.registry.registration()
        published = msgspec.structs.replace(
            first, path="ünï \N{SNOWMAN}.chat", text_digest="d" * 64, text_stat="1:2:3", text_sequence=1
        )
        put(store, published)
        assert store.registry.registration() == published
        assert stores.again(store).registry.registration() == published
        cleared = msgspec.structs.replace(published, text_digest=None, text_stat=None, text_sequence=None)
        put(store, cleared)
        assert store.registry.registration() == cleared

    def test_retired_store_takes_nothing_until_it_serves_a_file_again(self, stores: StoreFactory) -> None:
        """Who has it open is refused with DocumentFailed, and nothing of the unit is there; leases can be let go."""
        store = stores.make()
        start = store.updates.last_sequence()
        first = store.registry.registration()
        store.write(lambda unit: unit.take_lease(lease("kept")))
        put(store, msgspec.structs.replace(first, retired_at_ms=NOW))
        assert store.registry.registration().retired_at_ms == NOW
        refused: list[Callable[[UnitOfWork], object]] = [
            lambda unit: append(unit, "late"),
            lambda unit: unit.put_receipt(receipt(), recorded_at_ms=NOW),
            lambda unit: unit.take_lease(lease("late")),
        ]
        if store.events is not None:
            refused.append(lambda unit: append_events(unit, [draft("late")]))

        def try_late(work: Callable[[UnitOfWork], object], unit: UnitOfWork) -> None:
            unit.put_marker(marker("late"), recorded_at_ms=NOW)
            work(unit)

        for work in refused:
            with pytest.raises(DocumentFailed):
                store.write(partial(try_late, work))
        store.write(lambda unit: unit.release_lease("kept", "ada"))
        assert written(store, start) == []
        assert store.receipts.get("command") is None
        assert store.leases.all() == ()
        assert "late" not in [one.source_digest for one in store.registry.markers()]
        put(store, first)
        store.write(lambda unit: append(unit, "back"))
        assert written(store, start) == ["back"]

    def test_markers_come_in_the_order_they_were_noted(self, stores: StoreFactory) -> None:
        """One of the same source and steps is replaced, and is the last one then; others stay."""
        store = stores.make()
        before = store.registry.markers()
        kept = [marker("a", "committed"), marker("b"), marker("a", steps="other"), marker("a", "published")]
        for number, one in enumerate(kept):
            run_marker(store, one, at_ms=NOW - number)
        assert store.registry.markers() == (*before, *kept[1:])
        published = msgspec.structs.replace(kept[1], phase="published", text_digest="t" * 64, report=b"{}")
        run_marker(store, published)
        assert store.registry.markers() == (*before, *kept[2:], published)
