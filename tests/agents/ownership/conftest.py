"""The leases of a document, and a clock for its openings."""

from __future__ import annotations

import pytest

from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import DocumentStore, Registration
from chatdoc.testing.clocks import START_MS as NOW
from chatdoc.testing.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that is moved by hand."""
    return ManualClock(NOW)


@pytest.fixture
def leases() -> DocumentStore:
    """The leases of one document."""
    return MemoryStore(Registration(path="", document_id="d", created_at_ms=0))
