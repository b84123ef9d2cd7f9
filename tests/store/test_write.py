"""A transaction is there whole or not at all, whatever happened to it, and the next one works without reopening."""

from __future__ import annotations

import contextlib
import gc
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chatdoc.model.commands.plan import Stopped
from chatdoc.model.errors import (
    CommandRefused,
    ReceiptExists,
    StoreError,
)
from chatdoc.store.memory.sqlite_store import memory_sqlite_store
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import UnitOfWork
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import (
    GENESIS,
    NOW,
    append,
    appending,
    project,
    receipt,
    registration,
    rows,
    tell,
    thread_drafts,
    updates,
    whole,
)


class Interrupted(BaseException):
    """What a signal handler may raise between any two bytecodes."""


def whole_command(number: int) -> Callable[[UnitOfWork], int]:
    """Work that writes an update, an event and a receipt, the parts of one command."""

    def work(unit: UnitOfWork) -> int:
        sequence = unit.append_update(b"command %d" % number, "local", recorded_at_ms=NOW)
        (event, *_) = unit.append_events(
            thread_drafts(f"t{number}", 1), at_ms=NOW, command_id=f"{number}", origin="local"
        )
        unit.put_receipt(
            receipt(f"{number}"),
            recorded_at_ms=NOW,
            update_sequence=sequence,
            result_sequence=event.sequence,
        )
        return sequence

    return work


def interrupted_at(point: int, work: Callable[[], object]) -> bool:
    """Do something and raise Interrupted at its `point`-th bytecode within the store; false when it has fewer."""
    left = point

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if "/chatdoc/store/" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return left <= 0


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_interrupt_between_any_two_bytecodes_leaves_all_or_nothing(kind: str) -> None:
    """Update, event and receipt are there together or not; the next write works, in this thread and another."""
    store = memory_sqlite_store(registration())
    if kind == "sqlite":
        tell(store, project())
    number, point, other = 0, 1, MemoryStore(registration())
    step = 3  # A write has some 1,500 of them; three neighbours lie in one statement.
    while True:
        number += 1
        if kind == "memory":
            target: SqliteStore | MemoryStore = other
            work = appending(b"command %d" % number, command_id=f"{number}")
        else:
            target, work = store, whole_command(number)
        before = target.updates.last_sequence()
        hit = interrupted_at(point, lambda target=target, work=work: target.write(work))
        came = target.updates.last_sequence()
        assert came in (before, before + 1), point
        there = target.receipts.get(f"{number}") is not None
        assert there == (came == before + 1), f"half a command after an interrupt at bytecode {point}"
        if not there:
            assert target.write(work) == before + 1, point
        if kind == "sqlite":
            assert store.read_model.thread(f"t{number}") is not None
        if not hit:
            break
        point += step
    assert point > 200, "the write was hardly interrupted at all"
    if kind == "sqlite":
        assert store.verify() == []
    assert len(updates(target)) == number


def test_real_signals_leave_all_or_nothing(store: SqliteStore) -> None:
    """A timer's handler raises in the middle of writes; what was acknowledged is there, and locks are free."""
    tell(store, project())
    acknowledged, armed = [], False

    def raise_it(*_: object) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise Interrupted

    before = signal.signal(signal.SIGALRM, raise_it)
    gc.disable()  # Callbacks of the collector are no part of a write, and what is raised in one is lost.
    try:
        for number in range(300):
            try:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + (number * 37 % 100) / 100_000)
                store.write(whole_command(number))
                armed = False
                acknowledged.append(number)
            except Interrupted:
                pass
            armed = False
    finally:
        gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 < len(acknowledged) < 300
    other = threading.Thread(target=lambda: append(store, b"from another thread"))
    other.start()
    other.join(timeout=60)
    assert not other.is_alive(), "a lock is held by nobody"
    there = set(updates(store))
    assert {b"command %d" % number for number in acknowledged} <= there
    assert store.verify() == []


def test_work_that_raises_writes_nothing(store: SqliteStore) -> None:
    """Updates, events, receipts, leases and the registration are as before, and counting goes on from there."""
    tell(store, project())

    def work(unit: UnitOfWork) -> None:
        whole_command(1)(unit)
        unit.stop_sessions(Stopped("t", None), at_ms=NOW)
        assert store.updates.last_sequence() == 2, "work reads what it has written"
        assert store.receipts.get("1") is not None
        raise CommandRefused("no")

    with pytest.raises(CommandRefused):
        store.write(work)
    assert store.updates.last_sequence() == 1
    assert store.receipts.get("1") is None
    assert store.events.last_sequence() == 1
    assert store.write(whole_command(1)) == 2
    assert store.verify() == []


def test_error_that_work_hides_undoes_it_all_the_same(store: SqliteStore) -> None:
    """Work that goes on after the store failed is not committed by half."""

    def work(unit: UnitOfWork) -> None:
        append_one = appending(b"first")
        append_one(unit)
        with contextlib.suppress(CommandRefused):
            unit.append_events(thread_drafts("t"), at_ms=-1, command_id=None, origin="local")
        append_one(unit)

    with pytest.raises(CommandRefused, match="milliseconds"):
        store.write(work)
    assert updates(store) == [GENESIS]


def test_refused_work_among_many_is_undone_alone(store: SqliteStore) -> None:
    """Each of many works of one transaction has an answer; the refused ones wrote nothing, the others did."""

    def refuse(unit: UnitOfWork) -> int:
        unit.append_update(b"refused", "local", recorded_at_ms=NOW)
        raise CommandRefused("no")

    twice = appending(b"once", command_id="once")
    answers = store.write_each([appending(b"one"), refuse, twice, twice, appending(b"two")])
    assert [type(one).__name__ for one in answers] == ["int", "CommandRefused", "int", "ReceiptExists", "int"]
    assert updates(store) == [GENESIS, b"one", b"once", b"two"]
    assert append(store, b"three") == 5
    assert store.verify() == []


def test_failure_among_many_undoes_all(store: SqliteStore) -> None:
    """A StoreError is nobody's answer: nothing of the transaction is there."""

    def fail(_: UnitOfWork) -> int:
        raise StoreError("no")

    with pytest.raises(StoreError):
        store.write_each([appending(b"one"), fail])
    assert updates(store) == [GENESIS]


@pytest.mark.parametrize("memory", [False, True])
def test_write_within_a_write_is_a_defect(store: SqliteStore, memory: bool) -> None:
    """It would wait for itself for ever; an AssertionError says so, and the store works afterwards."""
    target: SqliteStore | MemoryStore = MemoryStore(registration()) if memory else store
    with pytest.raises(AssertionError, match="this thread"):
        target.write(lambda _: append(target, b"within"))
    assert append(target, b"after") == target.updates.last_sequence()


def test_full_disk_is_survived_without_reopening(store: SqliteStore, folder: Path) -> None:
    """While there is no room each write fails and acknowledges nothing; once there is, the same store goes on."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    acknowledged = [GENESIS]
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
        failed = 0
        for number in range(40):
            try:
                append(store, b"update %d " % number * 500)
                acknowledged.append(b"update %d " % number * 500)
            except StoreError:
                failed += 1
        assert failed
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert append(store, b"after") == len(acknowledged) + 1
    assert updates(store) == [*acknowledged, b"after"]
    store.close()
    with SqliteFolder(folder).open(store.location) as again:
        assert updates(again) == [*acknowledged, b"after"]
        assert again.verify() == []


def test_snapshots_are_as_of_one_moment(store: SqliteStore, stores: SqliteFolder) -> None:
    """What at_one_moment reads does not change while another process commits."""
    with stores.open(store.location) as other:

        def read() -> tuple[int, int]:
            first = store.updates.last_sequence()
            append(other, b"meanwhile")
            return first, store.updates.last_sequence()

        assert store.at_one_moment(read) == (1, 1)
    assert store.updates.last_sequence() == 2


def test_memory_undoes_what_raises() -> None:
    """A store in memory goes back to how it was, receipts and registration too."""
    store = MemoryStore(registration())
    append(store, GENESIS)

    def work(unit: UnitOfWork) -> None:
        appending(b"one", command_id="one")(unit)
        unit.put_registration(registration("other.chat"))
        raise ReceiptExists("no")

    with pytest.raises(ReceiptExists):
        store.write(work)
    assert (updates(store), store.receipts.get("one")) == ([GENESIS], None)
    assert store.registry.registration().path == "team.chat"


def test_snapshot_in_memory_comes_back() -> None:
    """The SQLite store in memory keeps snapshots as a file does."""
    store = memory_sqlite_store(registration())
    store.snapshots.put_rows(rows(lines=3000), recorded_at_ms=NOW)
    assert whole(store.snapshots.row_pieces()) == rows(lines=3000)
