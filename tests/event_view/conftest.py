"""A stored document with one thread, whose clock a test sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.document import Document
from chatdoc.testing.clocks import ManualClock
from tests.event_view.workplace import opened


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the document."""
    return ManualClock()


@pytest.fixture
def document(tmp_path: Path, clock: ManualClock) -> Document:
    """A stored document with one thread."""
    document = opened(tmp_path, clock=clock)
    document.create_thread(sender_id="ada", content="Hello")
    return document
