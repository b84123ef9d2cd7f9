"""What the JavaScript client writes as facts is taken here, breaks no rule, and reads the same."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from chatdoc.testing.vector_documents import begin
from chatdoc.testing.vectors import reads
from tests.clients.js_package import node

pytestmark = pytest.mark.usefixtures("js")


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """Updates that a client wrote: a thread, an edit, settings, a deletion, a turn from its start to its end."""
    came = node("test/writes.mjs")
    assert came.returncode == 0, came.stderr[-2000:]
    found: dict[str, Any] = json.loads(came.stdout)
    return found


def test_facts_of_the_client_are_taken_and_read_alike(js: None, written: dict[str, Any]) -> None:
    """Update after update, or all at once, they are taken, nothing is refused, held back or put back."""
    assert len(written["updates"]) == 10
    for updates in (written["updates"], [written["whole"]]):
        document = begin(1, []).document
        for update in updates:
            came = document.receive(b64decode(update))
            assert (came.violations, came.held, came.wanted) == ((), 0, None)
        assert document.check().ok
        assert json.loads(json.dumps(reads(document))) == written["reads"]
    assert not document.view.pieces
    assert document.view.states  # One of them: what was superseded is gone.
    assert all(len(facts) == 1 for facts in document.view.states.values())
