"""A turn has one owner at a time, whoever asks for it, and nobody gives up the lease of another."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from chatdoc.model.errors import NotFound, StoreError
from chatdoc.store.process_identity import Process
from chatdoc.store.sqlite.leases import Lease, Leases, MemoryLeases
from chatdoc.store.sqlite.store import Store
from tests.store.documents import NOW, begin

PROCESS = Process(machine="one", boot="boot", space="pid:[1]", pid=7, started="4711")


def lease(message_id: str = "answer", owner: str = "first", at_ms: int = NOW) -> Lease:
    """A lease that was just taken."""
    return Lease(
        message_id=message_id,
        thread_id="thread",
        owner=owner,
        process=PROCESS,
        taken_at_ms=at_ms,
        heartbeat_at_ms=at_ms,
    )


@pytest.fixture(params=["stored", "memory"])
def leases(request: pytest.FixtureRequest, store: Store) -> Leases:
    """Every port to leases."""
    return store.leases("team.chat") if request.param == "stored" else MemoryLeases()


def test_lease_comes_back_as_it_was_taken(leases: Leases) -> None:
    """All leases, the oldest first."""
    taken = [lease("two", at_ms=NOW + 1), lease("one"), lease("three", owner="second", at_ms=NOW + 2)]
    assert all(leases.take(one) for one in taken)
    assert leases.all() == (taken[1], taken[0], taken[2])


def test_turn_of_another_owner_is_not_taken(leases: Leases) -> None:
    """Unless it is taken from the owner that is there; one's own is taken again."""
    assert leases.take(lease())
    assert not leases.take(lease(owner="second", at_ms=NOW + 5))
    assert not leases.take(lease(owner="second", at_ms=NOW + 5), instead_of="third")
    assert leases.all() == (lease(),)
    assert leases.take(lease(at_ms=NOW + 1))
    assert leases.take(lease(owner="second", at_ms=NOW + 5), instead_of="first")
    assert leases.all() == (lease(owner="second", at_ms=NOW + 5),)


def test_owner_renews_all_its_turns_and_no_others(leases: Leases) -> None:
    """One heartbeat for everything that an opening runs, and never an earlier one."""
    for one in (lease("one"), lease("two"), lease("three", owner="second")):
        assert leases.take(one)
    leases.renew("first", heartbeat_at_ms=NOW + 9)
    leases.renew("first", heartbeat_at_ms=NOW + 5)
    leases.renew("nobody", heartbeat_at_ms=NOW + 99)
    heard = {one.message_id: one.heartbeat_at_ms - NOW for one in leases.all()}
    assert heard == {"one": 9, "two": 9, "three": 0}


def test_owner_releases_its_own_turn_only(leases: Leases) -> None:
    """Releasing twice, or what somebody else has, does nothing."""
    for one in (lease("one"), lease("two"), lease("three", owner="second")):
        assert leases.take(one)
    for message_id in ("one", "one", "three", "none"):
        leases.release(message_id, "first")
    assert [one.message_id for one in leases.all()] == ["three", "two"]


def test_leases_may_be_used_from_several_threads(leases: Leases) -> None:
    """A heartbeat beside turns that start and end keeps no ended turn and loses no running one."""
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(40):
                leases.take(lease(f"{name}{number}"))
                leases.renew("first", heartbeat_at_ms=NOW + number)
                if number % 2:
                    leases.release(f"{name}{number}", "first")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    kept = {f"{name}{number}" for name in "abc" for number in range(0, 40, 2)}
    assert {one.message_id for one in leases.all()} == kept


def test_leases_of_one_document_are_not_those_of_another(store: Store) -> None:
    """Two documents of a store may hold the same message, as copies do."""
    begin(store, "copy.chat")
    ours, theirs = store.leases("team.chat"), store.leases("copy.chat")
    assert ours.take(lease())
    assert theirs.take(lease(owner="second"))
    theirs.renew("first", heartbeat_at_ms=NOW + 9)
    theirs.release("answer", "first")
    assert ours.all() == (lease(),)
    with pytest.raises(NotFound):
        store.leases("none.chat")


def test_leases_are_seen_by_other_processes_and_outlive_their_own(store: Store, folder: Path) -> None:
    """Whoever opens the store next reads who ran what, also after the store was closed."""
    assert store.leases("team.chat").take(lease())
    with Store.open(folder) as other:
        assert other.leases("team.chat").all() == (lease(),)
        assert not other.leases("team.chat").take(lease(owner="second"))
    store.close()
    with Store.open(folder) as again:
        assert again.leases("team.chat").all() == (lease(),)


def test_lease_is_part_of_the_open_transaction(store: Store, folder: Path) -> None:
    """A lease taken with a turn that was not written was not taken either, and one released is still there."""
    leases = store.leases("team.chat")
    assert leases.take(lease("one"))

    def work() -> None:
        with store._database.writing("fail half way"):
            leases.release("one", "first")
            leases.take(lease("two"))
            with Store.open(folder) as other:
                assert [one.message_id for one in other.leases("team.chat").all()] == ["one"]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert [one.message_id for one in leases.all()] == ["one"]


def test_leases_follow_a_document_that_is_moved(store: Store) -> None:
    """A file that was renamed while a turn ran is still the file of that turn."""
    assert store.leases("team.chat").take(lease())
    store.move_document("team.chat", "other.chat")
    assert store.leases("other.chat").all() == (lease(),)


def test_damaged_lease_is_passed_over(store: Store, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It does not keep anybody from opening the document, and the others are read."""
    leases = store.leases("team.chat")
    for message_id in ("one", "two", "three"):
        leases.take(lease(message_id))
    connection = sqlite3.connect(folder / ".chatdoc" / "store.sqlite3")
    connection.execute("UPDATE turn_leases SET process = '{' WHERE message_id = 'one'")
    connection.execute("UPDATE turn_leases SET heartbeat_at_ms = 'soon' WHERE message_id = 'two'")
    connection.commit()
    connection.close()
    assert leases.all() == (msgspec.structs.replace(lease(), message_id="three"),)
    assert "lease of turn one" in caplog.text
    assert "lease of turn two" in caplog.text


def test_store_that_fails_says_so(store: Store, folder: Path) -> None:
    """A lease that could not be written was not taken."""
    leases = store.leases("team.chat")
    store.close()
    with pytest.raises(StoreError, match="take a turn"):
        leases.take(lease())
    with Store.open(folder) as again:
        assert again.leases("team.chat").all() == ()
