"""Group commit: many units are one transaction with an answer each, and a refused one is undone alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest

from chatdoc.model.errors import ChatdocError, CommandRefused, NotFound, ReceiptExists, StoreError
from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.event_log import events_of
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import (
    NOW,
    append,
    assert_whole,
    do_command,
    draft,
    lease,
    read_all,
    written,
)

Work = Callable[[UnitOfWork], object]


def works(store: DocumentStore, *names: str, error: BaseException | None = None, at: int = 0) -> list[Work]:
    """Commands of these names; the one at a place raises an error after it has written all it writes."""

    def one(number: int, name: str) -> Work:
        def work(unit: UnitOfWork) -> str:
            do_command(store, unit, name)
            unit.take_lease(lease(f"turn of {name}"))
            if error is not None and number == at:
                raise error
            return name

        return work

    return [one(number, name) for number, name in enumerate(names)]


def append_one(store: DocumentStore, number: int, found: list[list[int]] | None, unit: UnitOfWork) -> int:
    """Append an event, and note all that the log has by then where asked to; those of odd numbers are refused."""
    unit.append_events([draft(str(number), "stream")], at_ms=NOW, command_id=None, origin="local")
    if found is not None:
        found.append([event.sequence for event in read_all(store)])
    if number % 2:
        raise CommandRefused("no")
    return number


class GroupCommitSuite:
    """Promises of `DocumentStore.write_each`."""

    def test_each_work_has_its_answer(self, stores: StoreFactory) -> None:
        """Answers come in the order of the works, whose units follow each other; none is none."""
        store = stores.make()
        start = store.updates.last_sequence()
        assert store.write_each(works(store, "a", "b", "c")) == ["a", "b", "c"]
        assert store.write_each([]) == []
        assert written(store, start) == ["a", "b", "c"]
        assert_whole(store, ["a", "b", "c"])

    def test_refused_work_is_undone_alone(self, stores: StoreFactory) -> None:
        """Its error is its answer; the works before and behind it are there, numbered without a gap."""
        names = ["a", "b", "c"]
        for at, error in enumerate((CommandRefused("no"), NotFound("no"), ChatdocError("no"))):
            store = stores.make()
            start = store.updates.last_sequence()
            answers = store.write_each(works(store, *names, error=error, at=at))
            assert answers == [error if number == at else name for number, name in enumerate(names)]
            kept = [name for name in names if name != names[at]]
            assert written(store, start) == kept
            assert [one.message_id for one in store.leases.all()] == [f"turn of {name}" for name in kept]
            assert_whole(store, names)
            assert store.receipts.get(names[at]) is None

    def test_each_work_finds_what_stands_before_it(self, stores: StoreFactory) -> None:
        """Asked or not, refused or not: the events of the works before and its own, and none of a refused one."""
        for asking in product((False, True), repeat=4):
            store = stores.make()
            log = events_of(store)
            start = log.last_sequence()
            found: list[list[int]] = []
            group = [
                partial(append_one, store, number, found if asks else None)
                for number, asks in enumerate(asking)
            ]
            answers = store.write_each(group)
            assert [type(answer) for answer in answers] == [int, CommandRefused] * 2
            # A work finds those of the works before that stand, and its own.
            expected = [count for asks, count in zip(asking, (1, 2, 2, 3), strict=True) if asks]
            assert [[one - start for one in each if one > start] for each in found] == [
                [*range(1, count + 1)] for count in expected
            ]
            events = log.read(start)
            assert [event.sequence - start for event in events] == [1, 2]
            assert events[0].stream_version + 1 == events[1].stream_version
            assert store.verify() == []

    def test_command_that_was_done_before_is_refused_alone(self, stores: StoreFactory) -> None:
        """ReceiptExists is the answer of that work only, also where an earlier work of the group has the receipt."""
        store = stores.make()
        start = store.updates.last_sequence()
        store.write_each(works(store, "a"))
        answers = store.write_each(works(store, "a", "b", "b", "c"))
        assert [type(answer) for answer in answers] == [ReceiptExists, str, ReceiptExists, str]
        assert written(store, start) == ["a", "b", "c"]
        assert_whole(store, ["a", "b", "c"])

    def test_any_other_error_undoes_all_works(self, stores: StoreFactory) -> None:
        """It is raised, and no work of the group is there; the next group is written."""
        for error in (StoreError("fault"), ValueError("slip"), KeyboardInterrupt()):
            store = stores.make()
            start = store.updates.last_sequence()
            with pytest.raises(type(error)) as found:
                store.write_each(works(store, "a", "b", "c", error=error, at=1))
            assert found.value is error
            assert written(store, start) == []
            assert store.leases.all() == ()
            assert store.write_each(works(store, "a", "b")) == ["a", "b"]
            assert written(store, start) == ["a", "b"]
            assert_whole(store, ["a", "b", "c"])

    def test_failing_commit_leaves_all_of_a_group_or_none(self, stores: StoreFactory) -> None:
        """The group shares one COMMIT, so its works share one fate."""
        store = stores.make()
        names = ["a", "b", "c"]
        with stores.failing_commit(store), pytest.raises(StoreError):
            store.write_each(works(store, *names))
        assert_whole(store, names)
        assert len({store.receipts.get(name) is None for name in names}) == 1
        assert store.write_each(works(store, "next")) == ["next"]

    def test_later_work_reads_what_earlier_ones_wrote(self, stores: StoreFactory) -> None:
        """Through the parts of the store, though nothing is committed yet; what was undone is not among it."""
        store = stores.make()
        start = store.updates.last_sequence()

        def refused(unit: UnitOfWork) -> None:
            append(unit, "refused")
            raise CommandRefused("no")

        def look(unit: UnitOfWork) -> list[str]:
            return written(store, start)

        answers = store.write_each([lambda unit: append(unit, "a"), refused, look])
        assert answers[2] == ["a"]
