"""An opening that runs turns says again and again that it lives, and ends with its turns."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from chatdoc.agents.ownership import BEAT_S, Ownership
from chatdoc.model.errors import StoreError
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import DocumentStore, Registration
from chatdoc.testing.clocks import START_MS as NOW
from chatdoc.testing.clocks import ManualClock
from tests.agents.ownership.openings import ONE, Steps, hold, opening, release


def test_flush_beats_when_the_last_heartbeat_is_old(leases: DocumentStore, clock: ManualClock) -> None:
    """A turn that flushes often writes few heartbeats, and one clock that jumps back keeps none from coming."""
    ours = opening(leases, clock)
    ours.beat()
    hold(ours, ONE)
    heard = []
    for step in (1, 500, 1000, 10, 2000):
        clock.advance(step)
        ours.beat()
        heard.append(leases.leases.all()[0].heartbeat_at_ms - NOW)
    assert heard == [1, 1, 1501, 1501, 3511]


def beating(ours: Ownership) -> list[threading.Thread]:
    """The threads that beat for an opening; other tests of this process may have left some of their own."""
    return [one for one in threading.enumerate() if one.name.endswith(ours.owner)]


def test_opening_beats_while_its_turns_run(leases: DocumentStore, clock: ManualClock) -> None:
    """Without any flush, every two seconds; when the last turn ended, nothing beats any more, until the next one."""
    steps = Steps()
    ours = opening(leases, clock, steps)
    for _ in range(2):
        hold(ours, ONE)
        assert steps.waits.get(timeout=30) == BEAT_S
        for _ in range(2):
            clock.advance(2000)
            steps.step()
            assert leases.leases.all()[0].heartbeat_at_ms == clock()
        thread = ours._thread
        assert thread is not None
        release(ours, ONE)
        steps.told.put(False)
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert beating(ours) == []


def test_heartbeat_survives_a_store_that_fails_once(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and the next one is tried."""
    steps, leases = Steps(), MemoryStore(Registration(path="", document_id="d", created_at_ms=0))
    ours = opening(leases, clock, steps)
    hold(ours, ONE)
    write, fails = leases.write, [True]

    def fails_once(work: Any) -> Any:
        if fails.pop() if fails else False:
            raise StoreError("the store is busy")
        return write(work)

    leases.write = fails_once  # type: ignore[method-assign]
    steps.waits.get(timeout=30)
    clock.advance(2000)
    steps.step()
    assert leases.leases.all()[0].heartbeat_at_ms == NOW
    assert "heartbeat was not written: the store is busy" in caplog.text
    steps.step()
    assert leases.leases.all()[0].heartbeat_at_ms == NOW + 2000
    steps.told.put(True)
    ours.close()
    assert beating(ours) == []


def test_closing_ends_the_heartbeat_at_once(leases: DocumentStore, clock: ManualClock) -> None:
    """With the real waiter: no two seconds pass until it notices."""
    ours = Ownership(leases, clock=clock)
    hold(ours, ONE)
    thread = ours._thread
    assert thread is not None
    assert thread.daemon
    ours.close()
    assert not thread.is_alive()


def test_heartbeat_does_not_keep_a_dropped_opening(leases: DocumentStore, clock: ManualClock) -> None:
    """Its thread finds nobody there, and ends."""
    steps = Steps()
    ours: Ownership | None = opening(leases, clock, steps)
    assert ours is not None
    hold(ours, ONE)
    steps.waits.get(timeout=30)
    thread = ours._thread
    assert thread is not None
    ours = None
    gc.collect()
    assert [one.message_id for one in opening(leases, clock).dead()] == [ONE]
    steps.told.put(False)
    thread.join(timeout=30)
    assert not thread.is_alive()
