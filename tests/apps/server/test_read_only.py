"""A document that is open to be read only is served like any other, and its clients are told that they may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc.open import open_document
from tests.apps.server.facts import message
from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients
from tests.open.chats import jupyter

SOURCE = jupyter("aaaaaaaa-0000-4000-8000-000000000001", "one", "two")
"""A chat that jupyterlab-chat goes on reading: it is converted only when somebody asks for that."""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Serving]:
    """A server of a chat that stays in its own format."""
    (tmp_path / "a.chat").write_bytes(SOURCE)
    with Serving(tmp_path) as running:
        yield running
    assert (tmp_path / "a.chat").read_bytes() == SOURCE


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_real_clients_read_it_and_are_told_that_they_may_not_write(
    clients: Clients, kept: Serving, kind: str
) -> None:
    """They sync and see everything; what they write is refused as data, reaches nobody, and closes no connection."""
    for name in ("ada", "bob"):
        clients("connect", name=name, kind=kind, url=kept.ws, path="a.chat", protocols=["chatdoc"])
        assert clients("synced", name=name)["ok"], name
        assert clients("has", name=name, text="two")["ok"], name
    if kind == "hocuspocus":
        assert ["scope", "readonly"] in clients("logged", name="ada", kind="scope")["log"]
    else:
        [[_, said]] = clients("logged", name="ada", kind="stateless")["log"]
        assert said["type"] == "read_only"
        assert "jupyter" in said["reason"]
    root, path, text = message(1, content="not to be written")
    clients("fact", name="ada", root=root, path=path, text=text)
    assert clients("refused", name="ada")["ok"]
    log = clients("logged", name="ada", kind="stateless")
    [told] = [one[1] for one in log["log"] if one[0] == "stateless" and one[1]["type"] == "update_refused"]
    assert [(one["code"], one["permanent"]) for one in told["refused"]] == [("read_only", True)]
    assert log["closes"] == []
    assert "not to be" not in json.dumps(clients("content", name="bob"))


def test_a_client_of_it_goes_on_once_it_is_converted(clients: Clients, kept: Serving, tmp_path: Path) -> None:
    """Both are the same facts under the same client id, so that nothing comes twice."""
    clients("connect", name="ada", kind="y-websocket", url=kept.ws, path="a.chat")
    assert clients("has", name="ada", text="two")["ok"]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.chat").write_bytes(SOURCE)
    with open_document(tmp_path / "b" / "a.chat", convert=True) as converted:
        known = converted.state_vector()
    assert kept.call("a.chat", lambda doc: doc.diff(known)) == b"\0\0"


def test_http_reads_it_and_says_why_a_command_is_refused(kept: Serving) -> None:
    """Every reading route answers; a command is refused with the reason, and not as if it might be taken later."""
    [thread] = kept.http.get("/api/documents/a.chat/threads").json()["threads"]
    page = kept.http.get("/api/documents/a.chat/messages", params={"thread": thread["thread_id"]}).json()
    assert [one["history"][0]["content"] for one in page["messages"]] == ["one", "two"]
    assert kept.http.get("/api/documents/a.chat/integrity").json()["ok"]
    assert kept.http.get("/api/documents/a.chat/events").json() == {
        "events": [],
        "after": 0,
        "complete": True,
    }
    command = {"type": "send", "thread_id": thread["thread_id"], "sender_id": "ada", "content": "x"}
    came = kept.http.post("/api/documents/a.chat/commands", json=command)
    assert (came.status_code, came.json()["error"]["code"]) == (409, "read_only")
    assert "convert=True" in came.json()["error"]["message"]


def test_the_debug_page_shows_it_and_says_why_it_is_read_only(kept: Serving) -> None:
    """Records, rules and migration report are there; the sections of the log are empty."""
    shown = kept.http.get("/debug/a.chat")
    assert shown.status_code == 200
    assert re.search(r"<dt>read only</dt><dd>[^<]*jupyterlab-chat", shown.text)
    token = {"X-Chatdoc-Token": kept.rooms.page_token}
    came = kept.http.post("/debug/a.chat", json={"action": "repair_all"}, headers=token)
    assert came.status_code == 409
    assert kept.http.get("/debug").status_code == 200
