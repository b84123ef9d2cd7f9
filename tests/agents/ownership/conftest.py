"""The leases of a document, and a clock for its openings."""

from __future__ import annotations

import pytest

from chatdoc.store.sqlite.leases import Leases, MemoryLeases
from chatdoc.testing.clocks import ManualClock
from tests.store.documents import NOW


@pytest.fixture
def clock() -> ManualClock:
    """A clock that is moved by hand."""
    return ManualClock(NOW)


@pytest.fixture
def leases() -> Leases:
    """The leases of one document."""
    return MemoryLeases()
