"""Update log: what was appended comes back in order, unchanged and numbered without gaps."""

from __future__ import annotations

from functools import partial

from chatdoc.store.ports import Entry, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import NOW, append, written


def put(update: bytes, origin: str, unit: UnitOfWork) -> int:
    """Append an update of any bytes."""
    return unit.append_update(update, origin, recorded_at_ms=NOW)


class UpdateLogSuite:
    """Promises of `DocumentStore.updates` and `UnitOfWork.append_update`."""

    def test_entries_come_back_in_order_and_unchanged(self, stores: StoreFactory) -> None:
        """Any bytes and any origin come back as they were appended, each one place after the one before."""
        store = stores.make()
        start = store.updates.last_sequence()
        updates = [b"", b"\x00\xff\n\r" * 200, "ünï \N{SNOWMAN}".encode(), b"x" * 300_000]
        for number, update in enumerate(updates):
            origin = f"peer \N{SNOWMAN} {number}\n"
            given = store.write(partial(put, update, origin))
            assert given == start + number + 1
        assert list(store.updates.entries(start)) == [
            Entry(start + number + 1, update, f"peer \N{SNOWMAN} {number}\n")
            for number, update in enumerate(updates)
        ]
        assert store.updates.last_sequence() == start + len(updates)

    def test_many_updates_of_one_unit_are_numbered_on(self, stores: StoreFactory) -> None:
        """Updates of one unit follow each other, and reading goes on beyond any of them and ends beyond the last."""
        store = stores.make()
        start = store.updates.last_sequence()
        names = [str(number) for number in range(700)]
        given = store.write(lambda unit: [append(unit, name) for name in names])
        assert given == list(range(start + 1, start + 701))
        assert written(store, start) == names
        assert written(store, start + 250) == names[250:]
        assert list(store.updates.entries(start + 700)) == []
        assert list(store.updates.entries(start + 999)) == []

    def test_entries_that_are_appended_while_others_are_read_are_among_them(
        self, stores: StoreFactory
    ) -> None:
        """A reader that is not done yet disturbs no writer, and comes to what was written meanwhile."""
        store = stores.make()
        start = store.updates.last_sequence()
        store.write(lambda unit: append(unit, "one"))
        reading = store.updates.entries(start)
        assert next(reading).origin == "one"
        assert store.write(lambda unit: append(unit, "two")) == start + 2
        assert [entry.origin for entry in reading] == ["two"]

    def test_work_reads_what_it_has_written(self, stores: StoreFactory) -> None:
        """Within its unit the work finds its own update through the parts of the store."""
        store = stores.make()
        start = store.updates.last_sequence()

        def work(unit: UnitOfWork) -> list[str]:
            append(unit, "mine")
            return written(store, start)

        assert store.write(work) == ["mine"]
        assert written(store, start) == ["mine"]

    def test_sealing_changes_nothing_that_is_read(self, stores: StoreFactory) -> None:
        """Entries are the same before, after, beyond any of them, by another handle and by one that was reading."""
        store = stores.make()
        start = store.updates.last_sequence()
        names = [str(number) for number in range(900)]
        store.write(lambda unit: [append(unit, name) for name in names[:600]])
        reading, other = store.updates.entries(start), stores.again(store)
        assert next(reading).origin == "0"
        said = store.seal_logs(dry_run=True)
        assert written(store, start) == names[:600]
        assert store.seal_logs() == said
        assert store.updates.sealed_through() in (0, start + 599)
        assert [entry.origin for entry in reading] == names[1:600]
        for rounds in (1, 2):
            store.write(lambda unit: [append(unit, name) for name in names[600:]])
            for handle in (store, other):
                told = list(handle.updates.entries(start))
                assert [entry.origin for entry in told] == names[:600] + names[600:] * rounds
                assert [entry.sequence for entry in told] == list(
                    range(start + 1, start + 601 + 300 * rounds)
                )
                assert written(handle, start + 599) == (names[:600] + names[600:] * rounds)[599:]
                assert handle.updates.last_sequence() == start + 600 + 300 * rounds
            store.seal_logs(shrink=False)
            store.shrink(free_share_min=0.0)
            assert store.verify() == []
