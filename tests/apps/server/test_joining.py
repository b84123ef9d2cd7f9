"""Whoever joins gets what it lacks from the log, in pieces, and the Y document is not loaded for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chatdoc.document import Document
from chatdoc.serve import Limits
from chatdoc.testing.white_box import holds_the_y_document
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients

COUNT = 40
PARAGRAPH = "lorem ipsum dolor sit amet " * 10_000
"""270 KB, so that the document is several pieces."""


def fill(document: Document) -> str:
    """Make a large document out of many updates; its thread."""
    thread_id = document.create_thread(sender_id="ada", content="root").thread_id
    for number in range(COUNT):
        document.send(thread_id, sender_id="ada", content=f"message {number}. {PARAGRAPH}")
    return thread_id


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_a_joiner_is_served_from_the_log(clients: Clients, tmp_path: Path, kind: str) -> None:
    """One with nothing, a second one, and one that comes back with most of it: none has the Y document loaded."""
    with Serving(tmp_path) as serving:
        thread_id = serving.call("a.chat", fill)
        serving.stop()
    with Serving(tmp_path) as serving:
        for name in ("ada", "bob"):
            clients("connect", name=name, kind=kind, url=serving.ws, path="a.chat")
            assert clients("synced", name=name)["ok"], name
            assert clients("count", name=name, root="message", least=COUNT + 1)["size"] == COUNT + 1
        assert not serving.call("a.chat", holds_the_y_document)
        clients("disconnect", name="bob")
        send = {"type": "send", "thread_id": thread_id, "sender_id": "eve"}
        serving.command("a.chat", **send, content="while he was away")
        clients("reconnect", name="bob")
        assert clients("has", name="bob", text="while he was away")["ok"]
        assert clients("has", name="ada", text="while he was away")["ok"]
        clients("connect", name="carol", kind=kind, url=serving.ws, path="a.chat")
        assert clients("has", name="carol", text="while he was away")["ok"]
        assert clients("synced", name="carol")["ok"]
        assert clients("content", name="carol")["content"] == clients("content", name="ada")["content"]
        assert clients("pending", name="carol")["pending"] is False
        assert not serving.call("a.chat", holds_the_y_document)


def test_what_is_written_while_one_joins_reaches_it(clients: Clients, tmp_path: Path) -> None:
    """Between its pieces and its first live change nothing is lost."""
    with Serving(tmp_path) as serving:
        thread_id = serving.call("a.chat", fill)
        late = [
            clients.later("connect", name=f"c{n}", kind="y-websocket", url=serving.ws, path="a.chat")
            for n in range(8)
        ]
        for number in range(50):
            serving.command(
                "a.chat", type="send", thread_id=thread_id, sender_id="eve", content=f"late {number}"
            )
        for one in late:
            one()
        for n in range(8):
            assert clients("count", name=f"c{n}", root="message", least=COUNT + 51)["size"] == COUNT + 51


def test_what_is_kept_for_joiners_goes_when_nobody_joins(clients: Clients, tmp_path: Path) -> None:
    """A large document is cut for the first joiner, kept for the next ones, and let go of after a while."""
    with Serving(tmp_path, limits=Limits(join_kept_s=3600)) as serving:
        serving.call("a.chat", fill)
        clients("connect", name="ada", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="ada")["ok"]
        [(_, room)] = serving.do(lambda: list(serving.rooms.open_rooms()))
        assert room._joining.kept_bytes > COUNT * len(PARAGRAPH)
        room._limits = Limits(join_kept_s=0.0)
        end = time.monotonic() + SECONDS_MAX
        while room._joining.kept_bytes and time.monotonic() < end:
            time.sleep(0.05)
        assert room._joining.kept_bytes == 0
