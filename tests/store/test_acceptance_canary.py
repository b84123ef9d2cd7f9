"""A suite that passes a store must be able to fail one: each defect planted in the toy is found by its suite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from chatdoc.store.ports import Found
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.testing.acceptance import (
    Acceptance,
    FolderFactory,
    StoreFactory,
    StoresSuite,
    failures,
    full_disk,
    machine,
    running,
)
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
    (canaries.BeginningCutOff, EventLogSuite),
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
    monkeypatch.setattr(machine, "QUICK", settings(machine.QUICK, phases=[Phase.generate], derandomize=True))
    found = failures(partial(stores_of, kind), tmp_path, suite)
    print(*found, sep="\n")
    assert found


class PathIsIdentity(SqliteFolder):
    """A file is what its path was, whatever it says it is."""

    def find(self, path: Path, document_ids: Sequence[str]) -> Found:
        return super().find(path, ())


class ForgetsAtOnce(SqliteFolder):
    """A dry run removes what it should only list."""

    def forget(self, place: Path, *, dry_run: bool = True) -> list[Path]:
        return super().forget(place, dry_run=False)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (PathIsIdentity, "test_replaced_file_makes_room_and_the_old_store_can_come_back"),
        (PathIsIdentity, "test_moved_file_keeps_its_store"),
        (PathIsIdentity, "test_copy_becomes_a_document_of_its_own"),
        (ForgetsAtOnce, "test_forgotten_store_is_gone_and_others_stay"),
    ],
)
def test_planted_defect_of_a_folder_is_found(kind: type[SqliteFolder], promise: str, tmp_path: Path) -> None:
    """By the test that makes this promise."""
    open_folder = partial(FolderFactory, open_stores=partial(kind, durability="normal"))
    assert promise in [found.promise for found in failures(open_folder, tmp_path, StoresSuite)]


def test_every_suite_finds_something_and_hides_nothing() -> None:
    """Each suite has a canary, and no test of one has the name of a test of another, which would hide it."""
    suites = Acceptance.__bases__
    assert {suite for _, suite in FOUND_BY} == set(suites)
    names = [name for suite in suites for name, _ in promises(suite)]
    assert sorted(names) == [name for name, _ in promises()]
    assert len(set(names)) == len(names)
