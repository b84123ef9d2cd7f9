"""An opening keeps its turns while it lives, and only those of an opening that is surely gone are called dead."""

from __future__ import annotations

import gc
from pathlib import Path

import msgspec
import pytest

from chatdoc.agents.ownership import STALE_MS, Ownership
from chatdoc.model.facts import PieceFact
from chatdoc.model.ids import MessageId
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.store.ports import DocumentStore, Lease
from chatdoc.store.process_identity import Machine
from chatdoc.testing.clocks import ManualClock
from tests.agents.ownership.openings import ONE, TWO, hold, opening, release, shown, writing


def disowned(leases: DocumentStore, **process: str | int) -> Lease:
    """Give the lease of turn ONE to another process."""
    lease = next(one for one in leases.leases.all() if one.message_id == ONE)
    theirs = msgspec.structs.replace(
        lease, owner="theirs", process=msgspec.structs.replace(lease.process, **process)
    )
    leases.write(lambda unit: unit.take_lease(theirs, instead_of=lease.owner))
    return theirs


def test_opening_runs_what_it_holds(leases: DocumentStore, clock: ManualClock) -> None:
    """Its turns are shown as its own, alive, and as old as the last heartbeat."""
    ours = opening(leases, clock)
    assert hold(ours, ONE)
    clock.advance(3000)
    assert hold(ours, TWO)
    (one, two) = shown(ours, writing(TWO, ONE))
    assert (one.message_id, two.message_id) == (ONE, TWO)
    assert one.owner == two.owner == ours.owner
    assert (one.standing, one.ours, one.silent_ms, two.silent_ms) == ("alive", True, 3000, 0)
    assert ours.dead() == ()


def test_no_two_openings_have_one_owner_id(leases: DocumentStore, clock: ManualClock) -> None:
    """Also not within a process."""
    assert opening(leases, clock).owner != opening(leases, clock).owner


def test_turn_of_another_opening_of_this_process_is_left_alone(
    leases: DocumentStore, clock: ManualClock
) -> None:
    """A backend may open a document twice."""
    ours, theirs = opening(leases, clock), opening(leases, clock)
    assert hold(theirs, ONE)
    assert not hold(ours, ONE)
    assert ours.dead() == ()
    (turn,) = shown(ours, writing(ONE))
    assert (turn.standing, turn.ours, turn.owner) == ("alive", False, theirs.owner)


def test_turns_of_a_closed_opening_are_nobodys(leases: DocumentStore, clock: ManualClock) -> None:
    """The process lives, but nobody in it can go on with the turn; so the next opening may have it."""
    ours, theirs = opening(leases, clock), opening(leases, clock)
    hold(theirs, ONE)
    theirs.close()
    assert [one.message_id for one in ours.dead()] == [ONE]
    assert hold(ours, ONE)
    assert ours.dead() == ()


def test_turns_of_an_opening_that_failed_are_nobodys(leases: DocumentStore, clock: ManualClock) -> None:
    """One that can write no more will end none of its turns."""
    works = [True]
    theirs = Ownership(leases, clock=clock, waiter=None, lives=lambda: works[0])
    hold(theirs, ONE)
    ours = opening(leases, clock)
    assert ours.dead() == ()
    works[0] = False
    assert [one.message_id for one in ours.dead()] == [ONE]


def test_turns_of_a_dropped_opening_are_nobodys(leases: DocumentStore, clock: ManualClock) -> None:
    """A document that a program forgot to close runs nothing any more, though its process lives."""
    theirs: Ownership | None = opening(leases, clock)
    assert theirs is not None
    hold(theirs, ONE)
    ours = opening(leases, clock)
    assert ours.dead() == ()
    theirs = None
    gc.collect()
    assert [one.message_id for one in ours.dead()] == [ONE]


@pytest.mark.parametrize(
    ("process", "standing"),
    [({"started": "1"}, "dead"), ({"boot": "another", "machine": "elsewhere"}, "unknown")],
)
def test_other_process_is_judged_by_the_machine(
    leases: DocumentStore, clock: ManualClock, process: dict[str, str], standing: str
) -> None:
    """Only one that surely ended is dead; another machine's is unknown, and is not taken over."""
    ours = opening(leases, clock)
    hold(ours, ONE)
    theirs = disowned(leases, **process)
    ours = opening(leases, clock)
    clock.advance(10**9)
    (turn,) = shown(ours, writing(ONE))
    assert (turn.standing, turn.stale, turn.owner) == (standing, True, "theirs")
    assert ours.dead() == ((theirs,) if standing == "dead" else ())
    assert hold(ours, ONE) == (standing == "dead")


def test_turn_of_a_peer_is_shown_with_the_time_since_it_grew(
    leases: DocumentStore, clock: ManualClock
) -> None:
    """No lease is here for it: it is fresh while pieces come, and stale when none came for long."""
    ours, view = opening(leases, clock), writing(ONE)
    clock.advance(STALE_MS)
    (turn,) = shown(ours, view)
    assert (turn.owner, turn.pid, turn.standing, turn.silent_ms, turn.stale) == (
        None,
        None,
        "unknown",
        STALE_MS,
        True,
    )
    apply.apply(view, [PieceFact(message_id=ONE, seq=0, text="more")], origin="peer")
    assert not shown(ours, view)[0].stale
    clock.advance(STALE_MS - 1)
    assert not shown(ours, view)[0].stale
    clock.advance(1)
    assert shown(ours, view)[0].stale
    assert ours.dead() == ()


def test_ended_turn_is_forgotten_whoever_had_it(leases: DocumentStore, clock: ManualClock) -> None:
    """One that ends the turn of another releases it too."""
    ours, theirs = opening(leases, clock), opening(leases, clock)
    hold(theirs, ONE)
    hold(ours, TWO)
    release(ours, ONE)
    assert [one.message_id for one in leases.leases.all()] == [TWO]


def test_leases_without_a_turn_are_forgotten(leases: DocumentStore, clock: ManualClock) -> None:
    """A crash between a lease and its turn leaves one behind; that of a live opening is left to it."""
    gone, ours, theirs = (opening(leases, clock) for _ in range(3))
    hold(gone, MessageId("gone"))
    hold(ours, MessageId("ours"))
    hold(theirs, MessageId("theirs"))
    hold(ours, ONE)
    gone.close()
    leases.write(lambda unit: ours.settle(unit, writing(ONE)))
    assert sorted(one.message_id for one in leases.leases.all()) == [ONE, "theirs"]


def test_machine_is_asked_only_when_a_turn_is_run(
    leases: DocumentStore, clock: ManualClock, tmp_path: Path
) -> None:
    """Opening a document that runs nothing reads no file of the machine."""

    class Watched(Machine):
        def own(self) -> object:
            raise AssertionError("nobody runs a turn")

    ours = Ownership(leases, clock=clock, machine=Watched(tmp_path))
    ours.beat()
    leases.write(lambda unit: ours.settle(unit, View()))
    assert shown(ours, View()) == ours.dead() == ()
    ours.close()
