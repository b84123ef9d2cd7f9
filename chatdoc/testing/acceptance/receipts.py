"""Idempotency receipts: a command id is answered exactly once, whoever asks."""

from __future__ import annotations

import pytest

from chatdoc.model.errors import ReceiptExists
from chatdoc.store.ports import UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import (
    NOW,
    append,
    receipt,
    renamed,
    run_command,
    run_receipt,
    written,
)


class ReceiptSuite:
    """Promises of `DocumentStore.receipts` and `UnitOfWork.put_receipt`."""

    def test_receipt_comes_back_as_it_was_stored(self, stores: StoreFactory) -> None:
        """Answers and refusals, of any command id, are found by it and by nothing else."""
        store = stores.make()
        kept = [
            receipt("a"),
            receipt("A"),
            receipt("refused", error="no such thread"),
            receipt("\N{SNOWMAN} '\";--"),
        ]
        for one in kept:
            assert store.receipts.get(one.command_id) is None
            run_receipt(store, one)
        assert [store.receipts.get(one.command_id) for one in kept] == kept
        assert store.receipts.get("nobody") is None

    def test_second_receipt_is_refused_and_the_first_one_stays(self, stores: StoreFactory) -> None:
        """ReceiptExists names the command; the unit that it escapes from leaves nothing."""
        store = stores.make()
        run_command(store, "command")
        last = store.updates.last_sequence()

        def work(unit: UnitOfWork) -> None:
            append(unit, "again")
            unit.put_receipt(renamed(receipt("command")), recorded_at_ms=NOW)

        with pytest.raises(ReceiptExists, match="command"):
            store.write(work)
        assert store.receipts.get("command") == receipt("command")
        assert store.updates.last_sequence() == last

    def test_work_may_go_on_after_a_refused_receipt(self, stores: StoreFactory) -> None:
        """A refused receipt writes nothing; what else the unit writes is there when the work catches the error."""
        store = stores.make()
        start = store.updates.last_sequence()
        run_receipt(store, receipt("command"))

        def work(unit: UnitOfWork) -> None:
            append(unit, "before")
            with pytest.raises(ReceiptExists):
                unit.put_receipt(renamed(receipt("command")), recorded_at_ms=NOW)
            append(unit, "after")

        store.write(work)
        assert written(store, start) == ["before", "after"]
        assert store.receipts.get("command") == receipt("command")

    def test_receipt_of_an_undone_unit_can_be_given_again(self, stores: StoreFactory) -> None:
        """What was undone is as if it had never been."""
        store = stores.make()

        def work(unit: UnitOfWork) -> None:
            unit.put_receipt(receipt("command"), recorded_at_ms=NOW)
            raise KeyError

        with pytest.raises(KeyError):
            store.write(work)
        assert store.receipts.get("command") is None
        run_receipt(store, renamed(receipt("command")))
        assert store.receipts.get("command") == renamed(receipt("command"))

    def test_one_of_two_handles_answers_a_command(self, stores: StoreFactory) -> None:
        """The second one to answer is told, and finds the first one's answer."""
        store = stores.make()
        other = stores.again(store)
        assert other.receipts.get("command") is None
        run_command(store, "command")
        with pytest.raises(ReceiptExists):
            run_command(other, "command")
        assert other.receipts.get("command") == receipt("command")
        assert other.updates.last_sequence() == store.updates.last_sequence()
