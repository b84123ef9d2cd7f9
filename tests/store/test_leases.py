"""Leases of a store on disk: seen by other processes, part of the transaction, and never in the way when damaged."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from chatdoc.store.ports import Lease, UnitOfWork
from chatdoc.store.process_identity import Process
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import NOW, OTHER_ID, create

PROCESS = Process(machine="one", boot="boot", space="pid:[1]", pid=7, started="4711")


def lease(message_id: str = "answer", owner: str = "first") -> Lease:
    """A lease that was just taken."""
    return Lease(
        message_id=message_id,
        thread_id="thread",
        owner=owner,
        process=PROCESS,
        taken_at_ms=NOW,
        heartbeat_at_ms=NOW,
    )


def take(store: SqliteStore, one: Lease, *, instead_of: str = "") -> bool:
    """Take a turn in a transaction of its own."""
    return store.write(lambda unit: unit.take_lease(one, instead_of=instead_of))


def test_leases_are_seen_by_other_processes_and_outlive_their_own(
    store: SqliteStore, stores: SqliteFolder
) -> None:
    """Whoever opens the store next reads who ran what, also after the store was closed."""
    assert take(store, lease())
    with stores.open(store.location) as other:
        assert other.leases.all() == (lease(),)
        assert not take(other, lease(owner="second"))
        assert take(other, lease(owner="second"), instead_of="first")
    store.close()
    with stores.open(store.location) as again:
        assert again.leases.all() == (lease(owner="second"),)


def test_leases_of_one_document_are_not_those_of_another(store: SqliteStore, stores: SqliteFolder) -> None:
    """Two documents of a folder may hold the same message, as copies do."""
    with create(stores, "copy.chat", OTHER_ID) as other:
        assert take(store, lease())
        assert take(other, lease(owner="second"))
        other.write(lambda unit: unit.release_lease("answer", "second"))
        assert store.leases.all() == (lease(),)
        assert other.leases.all() == ()


def test_lease_is_part_of_the_open_transaction(store: SqliteStore, stores: SqliteFolder) -> None:
    """A lease taken with a turn that was not written was not taken either, and one released is still there."""
    assert take(store, lease("one"))

    def work(unit: UnitOfWork) -> None:
        unit.release_lease("one", "first")
        unit.take_lease(lease("two"))
        with stores.look(store.location) as other:
            assert [one.message_id for one in other.leases.all()] == ["one"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(work)
    assert [one.message_id for one in store.leases.all()] == ["one"]


def test_damaged_lease_is_passed_over(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    """It does not keep anybody from opening the document, and the others are read."""
    for message_id in ("one", "two", "three"):
        take(store, lease(message_id))
    connection = sqlite3.connect(store.location)
    connection.execute("UPDATE turn_leases SET process = '{' WHERE message_id = 'one'")
    connection.execute("UPDATE turn_leases SET heartbeat_at_ms = 'soon' WHERE message_id = 'two'")
    connection.commit()
    connection.close()
    assert store.leases.all() == (msgspec.structs.replace(lease(), message_id="three"),)
    assert "lease of turn one" in caplog.text
    assert "lease of turn two" in caplog.text
