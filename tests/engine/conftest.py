"""A document with one thread, for whoever asks."""

from __future__ import annotations

import pytest

from chatdoc.document import Document
from chatdoc.model.ids import ThreadId
from tests.engine.begin import begin


@pytest.fixture
def document() -> Document:
    """A document with one thread."""
    made = begin(1)
    made.create_thread(sender_id="ada", content="root", name="Plan")
    return made


@pytest.fixture
def thread_id(document: Document) -> ThreadId:
    """The document's thread."""
    return document.threads()[0].thread_id
