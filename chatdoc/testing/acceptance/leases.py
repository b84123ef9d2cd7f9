"""Lease: a turn has one owner at a time, and nobody gets it but from who had it."""

from __future__ import annotations

from functools import partial

from chatdoc.store.ports import DocumentStore, Lease
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.running import Running
from chatdoc.testing.acceptance.samples import NOW, lease


def take(store: DocumentStore, wanted: Lease, *, instead_of: str = "") -> bool:
    """Try to take a turn."""
    return store.write(lambda unit: unit.take_lease(wanted, instead_of=instead_of))


class LeaseSuite:
    """Promises of `DocumentStore.leases` and of the unit's three methods for them."""

    def test_leases_come_back_the_oldest_first(self, stores: StoreFactory) -> None:
        """As they were taken, ordered by when that was."""
        store = stores.make()
        assert store.leases.all() == ()
        taken = [lease("c", at_ms=NOW), lease("a", "bob", at_ms=NOW + 1), lease("b", at_ms=NOW + 2)]
        for one in (taken[1], taken[2], taken[0]):
            assert take(store, one)
        assert store.leases.all() == tuple(taken)

    def test_turn_of_another_owner_is_not_taken(self, stores: StoreFactory) -> None:
        """Nothing is written, whoever is named that does not have it."""
        store = stores.make()
        assert take(store, lease(owner="ada"))
        assert not take(store, lease(owner="bob", at_ms=NOW + 1))
        assert not take(store, lease(owner="bob", at_ms=NOW + 1), instead_of="carl")
        assert store.leases.all() == (lease(owner="ada"),)

    def test_turn_is_taken_over_from_the_owner_that_is_named(self, stores: StoreFactory) -> None:
        """Once; who comes second with the same name is too late."""
        store = stores.make()
        assert take(store, lease(owner="dead"))
        assert take(store, lease(owner="bob", at_ms=NOW + 1), instead_of="dead")
        assert not take(store, lease(owner="carl", at_ms=NOW + 2), instead_of="dead")
        assert store.leases.all() == (lease(owner="bob", at_ms=NOW + 1),)

    def test_owner_may_take_its_turn_again(self, stores: StoreFactory) -> None:
        """A retried command finds the turn its own."""
        store = stores.make()
        assert take(store, lease())
        assert take(store, lease(at_ms=NOW + 5))
        assert store.leases.all() == (lease(at_ms=NOW + 5),)

    def test_heartbeat_goes_on_for_all_turns_of_an_owner_and_never_back(self, stores: StoreFactory) -> None:
        """Those of others stay as they are."""
        store = stores.make()
        for one in (lease("a"), lease("b"), lease("c", "bob")):
            assert take(store, one)
        store.write(lambda unit: unit.renew_leases("ada", heartbeat_at_ms=NOW + 9))
        store.write(lambda unit: unit.renew_leases("ada", heartbeat_at_ms=NOW + 3))
        store.write(lambda unit: unit.renew_leases("nobody", heartbeat_at_ms=NOW + 99))
        found = {one.message_id: one.heartbeat_at_ms for one in store.leases.all()}
        assert found == {"a": NOW + 9, "b": NOW + 9, "c": NOW}

    def test_only_the_owner_releases_a_turn(self, stores: StoreFactory) -> None:
        """Anybody else's release changes nothing, and so does that of a turn that nobody has."""
        store = stores.make()
        assert take(store, lease("a"))
        assert take(store, lease("b"))
        store.write(lambda unit: unit.release_lease("a", "bob"))
        store.write(lambda unit: unit.release_lease("nothing", "ada"))
        assert [one.message_id for one in store.leases.all()] == ["a", "b"]
        store.write(lambda unit: unit.release_lease("a", "ada"))
        assert [one.message_id for one in store.leases.all()] == ["b"]
        assert take(store, lease("a", "bob"))

    def test_one_of_many_gets_a_turn(self, stores: StoreFactory) -> None:
        """Of threads on two handles that want a turn at once, one has it; all see the same owner."""
        store = stores.make()
        handles = [store, stores.again(store)]
        for number in range(5):
            wanted = [lease(f"turn {number}", f"owner {owner}") for owner in range(4)]
            running = [Running(partial(take, handles[at % 2], one)) for at, one in enumerate(wanted)]
            won = [one for one, run in zip(wanted, running, strict=True) if run.answer()]
            assert len(won) == 1, f"{len(won)} owners have {wanted[0].message_id}"
            for handle in handles:
                assert [one for one in handle.leases.all() if one.message_id == won[0].message_id] == won
