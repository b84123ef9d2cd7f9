"""Concurrent writers: whoever writes at once, in threads or processes, gets places without gap or double."""

from __future__ import annotations

from functools import partial

from chatdoc.store.ports import DocumentStore
from chatdoc.testing.acceptance.child import Child, do_commands
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import assert_whole, read_all, run_command, run_update, written

COMMANDS = 25
"""So many commands each writer does."""


def do_all(store: DocumentStore, prefix: str) -> dict[str, int]:
    """Do the commands of one writer; returns the place of each."""
    names = [f"{prefix} {number}" for number in range(COMMANDS)]
    return {name: run_command(store, name) for name in names}


def assert_all_there(store: DocumentStore, start: int, places: dict[str, int]) -> None:
    """Each command is at the place it was given, whole, and nothing else is there; versions have no gap."""
    assert {name: start + at for at, name in enumerate(written(store, start), 1)} == places
    assert_whole(store, list(places))
    if store.events is not None:
        events = read_all(store)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        streams: dict[tuple[str, str], list[int]] = {}
        for event in events:
            streams.setdefault((event.aggregate_kind, event.stream_id), []).append(event.stream_version)
        assert all(versions == list(range(len(versions))) for versions in streams.values()), streams


class TwoWriterSuite:
    """Promises of `DocumentStore.write` to those who write at once."""

    def test_handles_that_take_turns_number_on(self, stores: StoreFactory) -> None:
        """Each goes on where the other ended, though neither looked in between."""
        store = stores.make()
        start = store.updates.last_sequence()
        handles = [store, stores.again(store)]
        places = {}
        for number in range(12):
            name = str(number)
            places[name] = run_command(handles[number * 5 // 3 % 2], name)
        for handle in handles:
            assert_all_there(handle, start, places)

    def test_threads_of_one_handle_lose_nothing(self, stores: StoreFactory) -> None:
        """Four threads write through one object."""
        store = stores.make()
        start = store.updates.last_sequence()
        self._assert_nothing_lost([store], start)

    def test_threads_of_two_handles_lose_nothing(self, stores: StoreFactory) -> None:
        """Four threads write through two objects, and both find everything."""
        store = stores.make()
        start = store.updates.last_sequence()
        self._assert_nothing_lost([store, stores.again(store)], start)

    def test_processes_lose_nothing(self, stores: StoreFactory) -> None:
        """Two processes and a thread of this one write at once."""
        store = stores.make()
        again, folder = stores.shared(store)
        start = store.updates.last_sequence()
        with (
            Child(do_commands, again, folder, "one", COMMANDS) as one,
            Child(do_commands, again, folder, "two", COMMANDS) as two,
        ):
            running = Running(lambda: do_all(store, "here"))
            places = dict(one.hear_all()) | dict(two.hear_all()) | running.answer()
        assert len(places) == 3 * COMMANDS
        assert_all_there(store, start, places)

    def test_units_of_many_updates_stay_together(self, stores: StoreFactory) -> None:
        """The updates of one unit stand side by side, whoever wrote meanwhile."""
        store = stores.make()
        start = store.updates.last_sequence()

        def write(handle: DocumentStore, prefix: str) -> None:
            for number in range(10):
                run_update(handle, f"{prefix}{number}", times=5)

        running = [
            Running(lambda: write(store, "a")),
            Running(lambda: write(stores.again(store), "b")),
        ]
        for one in running:
            one.answer()
        names = written(store, start)
        assert len(names) == 100
        assert all(len(set(names[at : at + 5])) == 1 for at in range(0, 100, 5)), names

    def _assert_nothing_lost(self, handles: list[DocumentStore], start: int) -> None:
        running = [
            Running(partial(do_all, handles[number % len(handles)], f"thread {number}"))
            for number in range(4)
        ]
        places: dict[str, int] = {}
        for one in running:
            places |= one.answer()
        assert len(places) == 4 * COMMANDS
        for handle in handles:
            assert_all_there(handle, start, places)
