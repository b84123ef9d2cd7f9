"""Unit of work: all that one transaction wrote is there or nothing, whatever interrupts it, and the next one works."""

from __future__ import annotations

import contextlib
from functools import partial

import msgspec
import pytest

from chatdoc.model.errors import CommandRefused, StoreError
from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.interrupts import interrupted, spread
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import (
    NOW,
    THREAD,
    assert_whole,
    do_command,
    ends,
    lease,
    marker,
    read_all,
    receipt,
    run_command,
    written,
)

INTERRUPTS = 600
"""At so many of the calls that a write makes it is interrupted; they are spread over all of it."""


class Unforeseen(BaseException):
    """What no store can know of."""


class AtomicitySuite:
    """Promises of `DocumentStore.write`."""

    def test_write_returns_what_the_work_returns(self, stores: StoreFactory) -> None:
        """Any answer is handed through, also of a work that writes nothing."""
        answer = object()
        assert stores.make().write(lambda unit: answer) is answer

    def test_whatever_the_work_raises_undoes_all_of_it(self, stores: StoreFactory) -> None:
        """The error escapes as it was raised; no update, event, receipt, lease, marker or registration is left."""
        for error in (ValueError, CommandRefused, StoreError, KeyboardInterrupt, SystemExit, Unforeseen):
            self._assert_undone(stores.make(), error("by the work"))

    def _assert_undone(self, store: DocumentStore, raised: BaseException) -> None:
        start = store.updates.last_sequence()
        run_command(store, "first")
        events = [] if store.events is None else read_all(store)
        before = (store.registry.registration(), store.registry.markers(), store.leases.all())

        def work(unit: UnitOfWork) -> None:
            do_command(store, unit, "undone")
            assert unit.take_lease(lease())
            unit.put_marker(marker("undone"), recorded_at_ms=NOW)
            if store.sessions is not None:
                store.sessions.upsert("undone", thread_id=THREAD, provider_name="codex")
            unit.put_registration(msgspec.structs.replace(before[0], path="undone.chat"))
            raise raised

        with pytest.raises(type(raised)) as found:
            store.write(work)
        assert found.value is raised
        assert written(store, start) == ["first"]
        assert store.receipts.get("undone") is None
        assert (store.registry.registration(), store.registry.markers(), store.leases.all()) == before
        assert store.events is None or read_all(store) == events
        assert store.sessions is None or store.sessions.all() == ()
        assert run_command(store, "undone") == start + 2
        assert written(store, start) == ["first", "undone"]
        assert_whole(store, ["first", "undone"])

    def test_unit_is_not_seen_by_others_before_it_ends(self, stores: StoreFactory) -> None:
        """Another handle sees nothing of a unit that is open, and all of it afterwards."""
        store = stores.make()
        other = stores.again(store)
        start = store.updates.last_sequence()

        def work(unit: UnitOfWork) -> list[str]:
            do_command(store, unit, "open")
            looking = Running(lambda: (written(other, start), other.receipts.get("open")))
            return [] if not looking.is_done_within(0.5) else list(looking.answer()[0])

        assert store.write(work) == []
        assert written(other, start) == ["open"]
        assert other.receipts.get("open") == receipt("open")

    def test_failing_commit_leaves_all_or_nothing_and_the_next_write_works(
        self, stores: StoreFactory
    ) -> None:
        """It raises StoreError; nothing acknowledged is lost, and once the fault has passed the store writes on."""
        store = stores.make()
        start = store.updates.last_sequence()
        names = []
        for number in range(3):
            names += [f"good {number}", f"failed {number}", f"failed again {number}"]
            run_command(store, names[-3])
            with stores.failing_commit(store):
                for name in names[-2:]:
                    with pytest.raises(StoreError):
                        run_command(store, name)
            assert_whole(store, names)
            if stores.is_shared:
                assert written(stores.again(store), start) == written(store, start)
        run_command(store, "last")
        found = written(store, start)
        assert [name for name in found if not name.startswith("failed")] == [
            "good 0",
            "good 1",
            "good 2",
            "last",
        ]
        assert_whole(store, names)

    def test_command_can_be_repeated_after_a_failing_commit(self, stores: StoreFactory) -> None:
        """Either its receipt says that it was done, or it can be done; another handle says the same."""
        store = stores.make()
        other = stores.again(store)
        with stores.failing_commit(store), pytest.raises(StoreError):
            run_command(store, "command")
        done = store.receipts.get("command") is not None
        assert (other.receipts.get("command") is not None) == done
        if not done:
            run_command(other, "command")
        for handle in (store, other):
            assert handle.receipts.get("command") == receipt("command")
            assert_whole(handle, ["command"])

    def test_interrupt_at_any_call_leaves_all_or_nothing(self, stores: StoreFactory) -> None:
        """After a KeyboardInterrupt anywhere in a write its unit is whole or not there, and any thread writes on."""
        store = stores.make()
        calls = interrupted(partial(run_command, store, "calm"))
        names = []
        for at in spread(calls, INTERRUPTS):
            before = ends(store)
            names += [f"interrupted at call {at} of {calls}", f"after call {at}"]
            with contextlib.suppress(KeyboardInterrupt):
                interrupted(partial(run_command, store, names[-2]), at=at)
            Running(partial(run_command, store, names[-1])).answer()
            assert_whole(store, names[-2:], before)
            assert store.receipts.get(names[-1]) is not None
            assert written(store, before[0]) in (names[-2:], names[-1:])
        assert_whole(store, names)
        assert store.verify() == []
