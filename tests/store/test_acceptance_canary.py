"""A suite that passes a store must be able to fail one: each defect planted in the toy is found by its suite."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from chatdoc.testing.acceptance import Acceptance, StoreFactory, failures, full_disk, machine, running
from chatdoc.testing.acceptance.atomicity import AtomicitySuite
from chatdoc.testing.acceptance.closing import ClosingSuite
from chatdoc.testing.acceptance.crash import CrashSuite
from chatdoc.testing.acceptance.cursors import CursorSuite
from chatdoc.testing.acceptance.event_log import EventLogSuite
from chatdoc.testing.acceptance.feed import FeedSuite
from chatdoc.testing.acceptance.group_commit import GroupCommitSuite
from chatdoc.testing.acceptance.leases import LeaseSuite
from chatdoc.testing.acceptance.machine import MachineSuite
from chatdoc.testing.acceptance.one_moment import OneMomentSuite
from chatdoc.testing.acceptance.receipts import ReceiptSuite
from chatdoc.testing.acceptance.registry import RegistrySuite
from chatdoc.testing.acceptance.snapshots import SnapshotSuite
from chatdoc.testing.acceptance.suites import promises
from chatdoc.testing.acceptance.two_writers import TwoWriterSuite
from chatdoc.testing.acceptance.update_log import UpdateLogSuite
from tests.store import toy_canaries as canaries
from tests.store import toy_store

FOUND_BY = [
    (canaries.SequenceGap, UpdateLogSuite),
    (canaries.SequenceGap, MachineSuite),
    (canaries.ReceiptOverwritten, ReceiptSuite),
    (canaries.ReceiptOverwritten, MachineSuite),
    (canaries.VersionNotPerStream, EventLogSuite),
    (canaries.VersionNotPerStream, MachineSuite),
    (canaries.PartialUnitKept, AtomicitySuite),
    (canaries.PartialUnitKept, MachineSuite),
    (canaries.RefusedWorkKept, GroupCommitSuite),
    (canaries.RefusedWorkKept, MachineSuite),
    (canaries.MomentNotIsolated, OneMomentSuite),
    (canaries.LeaseStolen, LeaseSuite),
    (canaries.LeaseStolen, MachineSuite),
    (canaries.FeedDeaf, FeedSuite),
    (canaries.FeedSilent, FeedSuite),
    (canaries.FeedSilent, MachineSuite),
    (canaries.AcknowledgedInMemory, CrashSuite),
    (canaries.MemoryAhead, AtomicitySuite),
    (canaries.LockKept, AtomicitySuite),
    (canaries.NoFileLock, TwoWriterSuite),
    (canaries.OlderSnapshotWins, SnapshotSuite),
    (canaries.RetiredTakesMore, RegistrySuite),
    (canaries.OneCursor, CursorSuite),
    (canaries.AnswersAfterClose, ClosingSuite),
]


def stores_of(kind: type[toy_store.ToyStore], folder: Path) -> StoreFactory:
    """Toy stores of a kind."""
    return StoreFactory(
        folder,
        partial(toy_store.create, kind=kind),
        again=partial(toy_store.open_again, kind=kind),
        failing_commit=full_disk,
    )


@pytest.mark.parametrize(("kind", "suite"), FOUND_BY, ids=lambda value: value.__name__)
def test_planted_defect_is_found(
    kind: type[toy_store.ToyStore], suite: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one test of the suite fails on the store that has it."""
    monkeypatch.setattr(running, "PATIENCE_S", 3.0)
    monkeypatch.setattr(machine, "QUICK", settings(machine.QUICK, phases=[Phase.generate], database=None))
    found = failures(partial(stores_of, kind), tmp_path, suite)
    print(*found, sep="\n")
    assert found


def test_every_suite_finds_something_and_hides_nothing() -> None:
    """Each suite has a canary, and no test of one has the name of a test of another, which would hide it."""
    suites = Acceptance.__bases__
    assert {suite for _, suite in FOUND_BY} == set(suites)
    names = [name for suite in suites for name, _ in promises(suite)]
    assert sorted(names) == [name for name, _ in promises()]
    assert len(set(names)) == len(names)
