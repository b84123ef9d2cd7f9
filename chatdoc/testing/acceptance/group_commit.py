"""Group commit: many units are one transaction with an answer each, and a refused one is undone alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatdoc.model.errors import ChatdocError, CommandRefused, NotFound, ReceiptExists, StoreError
from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import append, assert_whole, do_command, lease, written

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

    def test_failing_commit_leaves_all_works_or_none(self, stores: StoreFactory) -> None:
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
