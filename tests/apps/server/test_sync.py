"""Real y-websocket and hocuspocus clients share a document through a room, and lose nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.serve import Limits
from tests.apps.server.facts import ROOT, THREAD, message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients

KINDS = ("y-websocket", "hocuspocus")


def begin(
    clients: Clients, serving: Serving, *names: str, kind: str = "y-websocket", path: str = "a.chat"
) -> None:
    """Connect clients and wait until they have the document."""
    for name in names:
        clients("connect", name=name, kind=kind, url=serving.ws, path=path)
    for name in names:
        assert clients("synced", name=name)["ok"], name


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_client_writes_the_others_see_and_the_file_has(
    clients: Clients, serving: Serving, kind: str
) -> None:
    """A fact goes from a client to another, to one that joins later, to the records and to the file."""
    begin(clients, serving, "ada", "bob", kind=kind)
    clients("facts", name="ada", list=[*thread(), message(1)])
    assert clients("has", name="bob", text="message 1")["ok"]
    begin(clients, serving, "eve", kind=kind)
    assert clients("content", name="eve")["content"] == clients("content", name="ada")["content"]
    came = serving.http.get("/api/documents/a.chat/messages", params={"thread": THREAD}).json()
    assert [one["history"][0]["content"] for one in came["messages"]] == ["the root", "message 1"]
    serving.stop()
    with open_document(serving.folder / "a.chat") as doc:
        assert [one.content for one in doc.messages(THREAD)] == ["the root", "message 1"]
        assert doc.check(full=True).ok


def test_both_kinds_of_clients_meet_in_one_room(clients: Clients, serving: Serving) -> None:
    """A y-websocket client and a hocuspocus client see each other's writes and presence."""
    begin(clients, serving, "ada")
    begin(clients, serving, "bob", kind="hocuspocus")
    clients("facts", name="ada", list=thread())
    assert clients("has", name="bob", text="the root")["ok"]
    clients("fact", name="bob", **dict(zip(("root", "path", "text"), message(7), strict=True)))
    assert clients("has", name="ada", text="message 7")["ok"]
    assert clients("clean", name="bob")["ok"], "its changes are acknowledged"
    clients("present", name="ada", state={"user": "Ada"})
    assert clients("sees", name="bob", user="Ada")["ok"]
    clients("destroy", name="ada")
    assert clients("sees", name="bob", user="Ada", gone=True)["ok"], "presence ends with its connection"


@pytest.mark.parametrize("kind", KINDS)
def test_clients_that_were_offline_meet_again(clients: Clients, serving: Serving, kind: str) -> None:
    """What two clients wrote while they were away is there for both once they are back."""
    begin(clients, serving, "ada", "bob", kind=kind)
    clients("facts", name="ada", list=thread())
    assert clients("has", name="bob", text="the root")["ok"]
    for name in ("ada", "bob"):
        clients("disconnect", name=name)
    clients("facts", name="ada", list=[message(one) for one in range(1, 50)])
    clients("facts", name="bob", list=[message(one) for one in range(50, 100)])
    for name in ("ada", "bob"):
        clients("reconnect", name=name)
    for name in ("ada", "bob"):
        assert clients("count", name=name, root="message", least=100)["size"] == 100
    assert clients("content", name="ada")["content"] == clients("content", name="bob")["content"]


def test_many_that_join_at_once_open_the_document_once(clients: Clients, tmp_path: Path) -> None:
    """Twenty clients that come together share one opening."""
    opened: list[Path] = []

    def opener(path: Path, *, create: bool) -> object:
        opened.append(path)
        return open_document(path, create=create)

    with Serving(tmp_path, opener=opener) as serving:
        waits = [
            clients.later("connect", name=str(one), kind="y-websocket", url=serving.ws, path="a.chat")
            for one in range(20)
        ]
        for wait in waits:
            wait()
        for one in range(20):
            assert clients("synced", name=str(one))["ok"]
    assert opened == [tmp_path / "a.chat"]


def test_a_command_reaches_clients_and_is_done_once(clients: Clients, serving: Serving) -> None:
    """A command over HTTP is seen by a Yjs client; its repetition gives the first answer and writes nothing."""
    begin(clients, serving, "ada")
    made = serving.command("a.chat", type="create_thread", sender_id="bob", content="Hello", command_id="c1")
    assert (
        serving.command("a.chat", type="create_thread", sender_id="bob", content="Hello", command_id="c1")
        == made
    )
    assert clients("has", name="ada", text="Hello")["ok"]
    assert clients("count", name="ada", root="thread", least=1)["size"] == 1


def test_a_command_over_the_socket_is_answered_there(clients: Clients, serving: Serving) -> None:
    """A client sends a command beside its document and gets receipt and record as JSON."""
    begin(clients, serving, "ada", kind="hocuspocus")
    command = {"type": "create_thread", "sender_id": "ada", "content": "Hi", "command_id": "c2"}
    clients("stateless", name="ada", payload=command)
    [[_, answer]] = [
        one for one in clients("logged", name="ada", kind="stateless")["log"] if one[0] == "stateless"
    ]
    assert (answer["ok"], answer["receipt"]["command_id"], answer["kind"]) == (True, "c2", "Thread")
    assert clients("has", name="ada", text="Hi")["ok"]


def test_what_another_process_writes_reaches_clients(clients: Clients, serving: Serving) -> None:
    """A document that is open elsewhere too is one document: its other writers are heard of without being asked."""
    begin(clients, serving, "ada")
    clients("facts", name="ada", list=thread())
    assert clients("clean", name="ada", ms=10)
    serving.http.get("/api/documents/a.chat/integrity")
    with open_document(serving.folder / "a.chat") as other:
        other.send(THREAD, sender_id="bob", content="from elsewhere", reply_to=ROOT)
        assert clients("has", name="ada", text="from elsewhere")["ok"]


def test_a_document_nobody_uses_is_saved_and_closed(clients: Clients, tmp_path: Path) -> None:
    """An idle room ends, its text is in the file, and a client that comes back finds everything."""
    with Serving(tmp_path, limits=Limits(idle_close_s=0.2)) as serving:
        begin(clients, serving, "ada")
        clients("facts", name="ada", list=thread())
        serving.http.get("/api/documents/a.chat/integrity")
        clients("destroy", name="ada")
        end = time.monotonic() + SECONDS_MAX
        while serving.do(lambda: list(serving.rooms.open_rooms())) and time.monotonic() < end:
            time.sleep(0.05)
        assert not serving.do(lambda: list(serving.rooms.open_rooms()))
        file = tmp_path / "a.chat"
        while not (file.exists() and b"the root" in file.read_bytes()) and time.monotonic() < end:
            time.sleep(0.05)  # It is let go of first, and then saved.
        assert b"the root" in file.read_bytes()
        begin(clients, serving, "eve")
        assert clients("has", name="eve", text="the root")["ok"]
