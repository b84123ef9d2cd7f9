"""Every acceptance suite of the store's port, as one class for pytest and as a function for programs without it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from chatdoc.testing.acceptance.atomicity import AtomicitySuite
from chatdoc.testing.acceptance.closing import ClosingSuite
from chatdoc.testing.acceptance.crash import CrashSuite
from chatdoc.testing.acceptance.cursors import CursorSuite
from chatdoc.testing.acceptance.event_log import EventLogSuite
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.feed import FeedSuite
from chatdoc.testing.acceptance.group_commit import GroupCommitSuite
from chatdoc.testing.acceptance.leases import LeaseSuite
from chatdoc.testing.acceptance.machine import MachineSuite
from chatdoc.testing.acceptance.one_moment import OneMomentSuite
from chatdoc.testing.acceptance.receipts import ReceiptSuite
from chatdoc.testing.acceptance.registry import RegistrySuite
from chatdoc.testing.acceptance.snapshots import SnapshotSuite
from chatdoc.testing.acceptance.stores import FolderFactory
from chatdoc.testing.acceptance.two_writers import TwoWriterSuite
from chatdoc.testing.acceptance.update_log import UpdateLogSuite


class Acceptance(
    UpdateLogSuite,
    EventLogSuite,
    ReceiptSuite,
    AtomicitySuite,
    GroupCommitSuite,
    TwoWriterSuite,
    CrashSuite,
    SnapshotSuite,
    RegistrySuite,
    LeaseSuite,
    CursorSuite,
    OneMomentSuite,
    FeedSuite,
    ClosingSuite,
    MachineSuite,
):
    """All suites; a subclass with a fixture `stores` runs them."""


class Failure(NamedTuple):
    """A promise that a store does not keep: the name of the test, and what it said."""

    promise: str
    said: str


def promises(suite: type = Acceptance) -> Iterator[tuple[str, Callable[[object, object], None]]]:
    """The tests of a suite, by name."""
    yield from inspect.getmembers(suite, lambda found: getattr(found, "__name__", "").startswith("test_"))


def failures(
    open_factory: Callable[[Path], StoreFactory | FolderFactory], folder: Path, *suites: type
) -> Sequence[Failure]:
    """Run suites, `Acceptance` without any named, each test in a folder of its own below one; returns what failed."""
    found = []
    for suite in suites or (Acceptance,):
        for name, test in promises(suite):
            home = folder / name
            home.mkdir(parents=True)
            try:
                with open_factory(home) as stores:
                    test(suite(), stores)
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception) as error:
                found.append(Failure(name, f"{type(error).__name__}: {error}"))
    return found
