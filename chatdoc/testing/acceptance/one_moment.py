"""Snapshot isolation: what is read at one moment belongs together, whatever others commit meanwhile."""

from __future__ import annotations

import threading

from chatdoc.store.ports import DocumentStore
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import run_command

BLOCKED_S = 0.5
"""After so long a writer is taken to wait for the reader, as it may."""


def seen(store: DocumentStore, name: str) -> tuple[object, ...]:
    """What each part of the store says, for a command of a name."""
    return (
        store.updates.last_sequence(),
        sum(1 for _ in store.updates.entries()),
        store.receipts.get(name),
        None if store.events is None else store.events.last_sequence(),
        None if store.events is None else len(store.events.read(0, limit=10_000)),
    )


class OneMomentSuite:
    """Promises of `DocumentStore.at_one_moment`."""

    def test_answer_is_handed_through(self, stores: StoreFactory) -> None:
        """What `read` returns is returned, and what it raises is raised."""
        store = stores.make()
        answer = object()
        assert store.at_one_moment(lambda: answer) is answer
        try:
            store.at_one_moment(lambda: [][0])
        except IndexError:
            assert run_command(store, "next") > 0
        else:
            raise AssertionError("the error of the reader was lost")

    def test_commit_between_two_looks_is_not_seen(self, stores: StoreFactory) -> None:
        """A command of another handle, done between two looks of one read, is in both or in neither."""
        store = stores.make()
        self._assert_isolated(store, stores.again(store))

    def test_commit_of_another_thread_is_not_seen(self, stores: StoreFactory) -> None:
        """The same through one object, whose writer may have to wait."""
        store = stores.make()
        self._assert_isolated(store, store)

    def test_parts_agree_while_others_write(self, stores: StoreFactory) -> None:
        """Whoever reads while commands are done finds each one whole; in the end all of them."""
        store = stores.make()
        other = stores.again(store)
        start = store.updates.last_sequence()
        reading = threading.Event()

        def write() -> None:
            for number in range(40):
                run_command(other, str(number))
                if number == 5:
                    reading.wait(BLOCKED_S)

        def look() -> tuple[int, int, int]:
            count = store.updates.last_sequence() - start
            answered = sum(store.receipts.get(str(number)) is not None for number in range(40))
            events = 2 * count if store.events is None else len(store.events.read(0, limit=10_000))
            return count, answered, events // 2

        before = 0 if store.events is None else len(store.events.read(0, limit=10_000)) // 2
        writing = Running(write)
        ended = False
        while not ended:
            ended = writing.is_done_within(0.001)
            count, answered, events = store.at_one_moment(look)
            assert count == answered == (events - before if store.events is not None else events)
            reading.set()
        assert count == 40

    def _assert_isolated(self, store: DocumentStore, other: DocumentStore) -> None:
        writers: list[Running[int]] = []

        def look_twice() -> tuple[object, object]:
            first = seen(store, "between")
            if not writers:
                writers.append(Running(lambda: run_command(other, "between")))
                writers[0].is_done_within(BLOCKED_S)
            return first, seen(store, "between")

        first, second = store.at_one_moment(look_twice)
        assert first == second, f"one read saw two moments: {first} and {second}"
        writers[0].answer()
        assert store.receipts.get("between") is not None
