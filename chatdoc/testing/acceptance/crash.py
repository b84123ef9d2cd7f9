"""Durability: what was acknowledged before a process was killed is there afterwards, and no half of anything else."""

from __future__ import annotations

from random import Random

from chatdoc.store.ports import DocumentStore
from chatdoc.testing.acceptance.child import Child, do_commands, stop_within
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import assert_whole, run_command, written

ENOUGH = 10**6
"""More commands than a child gets to do."""


def assert_writable(store: DocumentStore, name: str) -> int:
    """Another command is done, by a thread that waits for no dead process."""
    return Running(lambda: run_command(store, name)).answer()


class CrashSuite:
    """Promises of `DocumentStore` to who opens the store after a process was killed by SIGKILL."""

    kills = 3
    """So many children are killed at random moments; a subclass may want more."""

    def test_acknowledged_commands_survive_a_kill(self, stores: StoreFactory) -> None:
        """Killed at random moments of steady writing; the next handle, and one that was open, find the same."""
        store = stores.make()
        again, folder = stores.shared(store)
        start = store.updates.last_sequence()
        random = Random(7)
        told: dict[str, int] = {}
        for kill in range(self.kills):
            with Child(do_commands, again, folder, f"child {kill}", ENOUGH) as child:
                heard = [child.hear() for _ in range(random.randrange(1, 40))]
                child.kill()
                heard += child.hear_all()
            assert None not in heard, "the child ended before it was killed"
            told |= dict(heard)
            for handle in (stores.again(store), store):
                names = written(handle, start)
                found = {name: start + at for at, name in enumerate(names, 1)}
                lost = [name for name, place in told.items() if found.get(name) != place]
                assert not lost, f"acknowledged and lost: {lost}"
                assert len(found) == len(names)
                assert len(set(found) - set(told)) <= 1, "more is there than was begun"
                assert_whole(handle, names)
                assert handle.verify() == []
            name = f"after kill {kill}"
            told[name] = assert_writable(store, name)
            told |= {unheard: place for unheard, place in found.items() if unheard not in told}

    def test_unit_that_was_open_at_the_kill_is_not_there(self, stores: StoreFactory) -> None:
        """Nothing of it is left, nobody waits for the dead, and the same command can be done."""
        store = stores.make()
        again, folder = stores.shared(store)
        start = store.updates.last_sequence()
        assert_writable(store, "before")
        with Child(stop_within, again, folder, "killed") as child:
            assert child.hear() == "within"
            child.kill()
        later = stores.again(store)
        for handle in (store, later):
            assert written(handle, start) == ["before"]
            assert handle.receipts.get("killed") is None
            assert_whole(handle, ["before", "killed"])
        assert assert_writable(later, "killed") == start + 2
        assert assert_writable(store, "after") == start + 3
        assert_whole(store, ["before", "killed", "after"])

    def test_everything_is_found_by_a_process_that_comes_later(self, stores: StoreFactory) -> None:
        """What is written and not closed is there for another process, and what that wrote is there for this one."""
        store = stores.make()
        again, folder = stores.shared(store)
        start = store.updates.last_sequence()
        place = assert_writable(store, "here")
        with Child(do_commands, again, folder, "there", 3) as child:
            places = child.hear_all()
        assert places == [(f"there {number}", place + 1 + number) for number in range(3)]
        assert written(store, start) == ["here", "there 0", "there 1", "there 2"]
        store.close()
        assert written(stores.again(store), start) == ["here", "there 0", "there 1", "there 2"]
