"""A client that destroys again and again is cut off, and in the end everybody has everything."""

from __future__ import annotations

import time

import pytest

from chatdoc import open_document
from chatdoc.crdt.restore import RESTORES_AT_ONCE
from invariants.report import IntegrityReport
from tests.apps.server.facts import THREAD, message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients

MESSAGES = 4


def whole(clients: Clients, name: str) -> dict[str, str]:
    """What a client shows, once it has every message again."""
    assert clients("count", name=name, root="message", least=MESSAGES)["size"] == MESSAGES, name
    found: dict[str, str] = clients("content", name=name)["content"]
    return found


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_a_client_that_wipes_again_and_again_does_not_win(
    clients: Clients, serving: Serving, kind: str
) -> None:
    """Nine wipes of every root: its connection ends, the report says what is hidden, and then nothing is.

    The client that wiped, one that was there, one that joins, and the file are equal and whole.
    """
    for name in ("mallory", "bob"):
        clients("connect", name=name, kind=kind, url=serving.ws, path="a.chat")
        assert clients("synced", name=name)["ok"], name
    clients("facts", name="bob", list=[*thread(), *(message(one) for one in range(1, MESSAGES))])
    before = whole(clients, "mallory")
    for _ in range(RESTORES_AT_ONCE):
        clients("wipe", name="mallory")
        assert whole(clients, "mallory") == before
    reports: list[IntegrityReport] = []  # Somebody who asks may come when all was put back already.
    serving.call("a.chat", lambda doc: doc.subscribe_report(reports.append))
    clients("wipe", name="mallory")
    assert 4423 in clients("closed", name="mallory")["closes"]
    end = time.monotonic() + SECONDS_MAX
    while not any("fact_hidden" in {found.code for found in one.violations} for one in reports):
        assert time.monotonic() < end, "no report said what is hidden"
        time.sleep(0.01)
    while not serving.http.get("/api/documents/a.chat/integrity").json()["ok"]:
        assert time.monotonic() < end, "what waited was never put back"
        time.sleep(0.1)
    clients("disconnect", name="mallory")
    clients("reconnect", name="mallory")
    clients("connect", name="eve", kind=kind, url=serving.ws, path="a.chat")
    for name in ("eve", "bob", "mallory"):
        assert whole(clients, name) == before, name
    clients("wipe", name="mallory")
    clients("closed", name="mallory")
    serving.stop()
    with open_document(serving.folder / "a.chat") as doc:
        assert len(doc.messages(THREAD)) == MESSAGES
        assert doc.check().ok
