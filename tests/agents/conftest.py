"""A document with one configured thread, and a second one, for whoever asks."""

from __future__ import annotations

import pytest

from chatdoc.document import Document
from chatdoc.model.ids import ThreadId
from chatdoc.testing.clocks import ManualClock
from tests.agents.agents import began


@pytest.fixture
def clock() -> ManualClock:
    """The document's clock."""
    return ManualClock()


@pytest.fixture
def document(clock: ManualClock) -> Document:
    """A document with one thread that names its model."""
    return began(clock)


@pytest.fixture
def thread_id(document: Document) -> ThreadId:
    """The document's thread."""
    return document.threads()[0].thread_id
