"""A refused write is told as data, and holds back neither its client nor anybody else."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pycrdt
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connected

from chatdoc.apps.server import wire
from chatdoc.crdt.keys import digest
from chatdoc.document import Document
from chatdoc.model.errors import RefusalCode
from chatdoc.open import open_document
from chatdoc.serve import Credentials, Limits, Principal
from tests.apps.server.facts import THREAD, deleted, message, piece, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients
from tests.tidy.source import PROJECT

USERS = {
    "ada-token": Principal(user_id="ada", speaks_for=frozenset({"ada"})),
    "bob-token": Principal(user_id="bob", speaks_for=frozenset({"bob"})),
    "eve-token": Principal(user_id="eve", read_only=True),
    "any-token": Principal(user_id="backend"),
}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Serving]:
    """A server that knows its users."""

    async def authenticate(credentials: Credentials) -> Principal | None:
        return USERS.get(credentials.token or "")

    with Serving(tmp_path, authenticate=authenticate) as running:
        yield running


def connect(
    clients: Clients, serving: Serving, name: str, kind: str = "hocuspocus", *, token: str | None = None
) -> None:
    """Connect as the user of that name, and wait until the document is there."""
    shown = f"{name}-token" if token is None else token
    protocols = ["chatdoc", f"bearer.{shown}"] if kind == "y-websocket" else []
    clients("connect", name=name, kind=kind, url=serving.ws, path="a.chat", token=shown, protocols=protocols)
    assert clients("synced", name=name)["ok"], name


def refusals(clients: Clients, name: str, *, least: int = 1) -> list[dict[str, Any]]:
    """What a client was told of what it sent, once it was told so much."""
    end = time.monotonic() + SECONDS_MAX
    while True:
        log = clients("logged", name=name, kind="stateless")["log"]
        told = [one for kind, said in log if kind == "stateless" for one in said.get("refused", ())]
        if len(told) >= least or time.monotonic() > end:
            return told
        time.sleep(0.05)


def agree(clients: Clients, first: str, second: str) -> bool:
    """Whether two clients come to show the same."""
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if clients("content", name=first)["content"] == clients("content", name=second)["content"]:
            return True
        time.sleep(0.05)
    return False


def received(socket: ClientConnection, beginning: bytes) -> bytes:
    """The next message that begins so."""
    while True:
        came = socket.recv(timeout=SECONDS_MAX)
        assert isinstance(came, bytes)
        if came.startswith(beginning):
            return came


def write(clients: Clients, name: str, *facts: list[str]) -> None:
    """Each fact is an update of its own."""
    for root, path, text in facts:
        clients("fact", name=name, root=root, path=path, text=text)


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_good_writes_before_and_after_a_refused_one_are_kept(
    clients: Clients, guarded: Serving, kind: str
) -> None:
    """A number, a nested map and a foreign root are removed from their writer; all else it wrote is shared.

    Its client id stays the same, nothing of it is held back, and both sides end with equal content.
    """
    connect(clients, guarded, "any", kind)
    connect(clients, guarded, "bob", kind)
    clients("facts", name="any", list=[*thread(), message(1)])
    clients("raw", name="any", root="message", key="m" * 20, value=7)
    clients("nested", name="any", root="todo", key="list")
    clients("raw", name="any", root="message", key=f"{message(9)[1]}{'0' * 16}", value=5.5)
    write(clients, "any", message(2))
    for name in ("any", "bob"):
        assert clients("has", name=name, text="message 2")["ok"], name
    told = refusals(clients, "any", least=4)
    assert {one["code"] for one in told} == {"wrong_kind", "wrong_place"}
    assert [one["type"] for one in told] == ["integer", "Type Map", "integer", "float"]
    assert [one["root"] for one in told] == ["message", "todo", None, "message"]
    assert all(one["permanent"] for one in told)
    assert agree(clients, "any", "bob")
    clients("disconnect", name="any")
    write(clients, "any", message(3))
    clients("reconnect", name="any")
    assert clients("has", name="bob", text="message 3")["ok"], "also after it came back with its whole state"
    assert clients("pending", name="bob")["pending"] is False
    assert len(refusals(clients, "any")) == len(told), "what was settled is not refused again"


def test_bad_writes_in_the_same_transaction_do_not_take_good_ones_along(
    clients: Clients, guarded: Serving
) -> None:
    """One offline client sends good and bad at once, as a sync step 2, and keeps the good."""
    connect(clients, guarded, "any", "y-websocket")
    connect(clients, guarded, "bob", "y-websocket")
    clients("disconnect", name="any")
    clients("facts", name="any", list=[*thread(), message(1)])
    clients("raw", name="any", root="setting", key="x", value=[1])
    clients("facts", name="any", list=[message(2)])
    clients("reconnect", name="any")
    assert clients("has", name="bob", text="message 2")["ok"]
    assert clients("count", name="bob", root="message", least=3)["size"] == 3


def test_nobody_speaks_for_another(clients: Clients, guarded: Serving) -> None:
    """A fact under another's name is refused and removed from its writer; one's own beside it stands."""
    connect(clients, guarded, "ada")
    connect(clients, guarded, "bob")
    clients("facts", name="ada", list=[*thread(), message(1)])
    assert clients("has", name="bob", text="message 1")["ok"]
    clients(
        "facts", name="bob", list=[message(2, sender_id="ada", content="forged"), message(3, sender_id="bob")]
    )
    write(clients, "bob", deleted(1, "ada"), message(4, sender_id="bob"), piece(4, 0, "streamed"))
    assert clients("has", name="ada", text="streamed")["ok"]
    assert agree(clients, "ada", "bob")
    assert [one["code"] for one in refusals(clients, "bob", least=2)] == ["not_allowed"] * 2
    seen = clients("content", name="ada")["content"]
    assert "forged" not in json.dumps(seen)
    assert agree(clients, "ada", "bob")
    serving = guarded.http.get(
        "/api/documents/a.chat/messages",
        params={"thread": THREAD},
        headers={"Authorization": "Bearer any-token"},
    )
    assert [one["sender_id"] for one in serving.json()["messages"]] == ["ada", "ada", "bob", "bob"]


def test_a_relay_cannot_remove_what_another_wrote_offline(clients: Clients, guarded: Serving) -> None:
    """Facts of ada that come through bob's connection are refused there and taken when ada brings them."""
    connect(clients, guarded, "ada")
    connect(clients, guarded, "bob")
    clients("facts", name="ada", list=thread())
    assert clients("has", name="bob", text="the root")["ok"]
    for name in ("ada", "bob"):
        clients("present", name=name, state={"user": name})
        assert clients("sees", name="bob", user=name)["ok"]
    clients("disconnect", name="ada")
    clients("facts", name="ada", list=[message(5)])
    clients("relay", name="ada", to="bob")
    assert refusals(clients, "bob")
    clients("reconnect", name="ada")
    connect(clients, guarded, "any")
    assert clients("has", name="any", text="message 5")["ok"]


def test_a_client_recovers_from_a_refusal_that_may_pass(clients: Clients, tmp_path: Path) -> None:
    """What came too early is told as such, its sender is asked for all that is missing, and nothing of it is lost."""

    def opener(path: Path, *, create: bool) -> Document:
        document = open_document(path, create=create)
        document.engine.copy.pending.count_max = 0  # Nothing may wait, as if too much waited already.
        return document

    with Serving(tmp_path, opener=opener) as serving:
        clients("connect", name="bob", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="bob")["ok"]
        doc = pycrdt.Doc[Any]()
        states = []
        for root, path, text in [*thread(), message(1), message(2)]:
            states.append(doc.get_state())
            doc.get(root, type=pycrdt.Map)[path + digest(text)] = text
        with connected(f"{serving.ws}/a.chat", subprotocols=["chatdoc"]) as socket:  # type: ignore[list-item]
            socket.send(wire.update(doc.get_update(states[2])))
            asked = wire.read_message(received(socket, b"\x00\x00"))
            (told,) = json.loads(wire.read_message(received(socket, b"\x05")).text)["refused"]
            assert (told["code"], told["permanent"]) == ("came_too_early", False)
            socket.send(wire.step_2(doc.get_update(asked.body)))
            assert clients("has", name="bob", text="message 2")["ok"]
            assert clients("count", name="bob", root="message", least=3)["size"] == 3


def test_one_bad_update_in_a_burst_takes_no_other_along(clients: Clients, tmp_path: Path) -> None:
    """Updates of one client that wait together are taken as one; when that is refused, each is taken by itself."""
    with Serving(tmp_path) as serving:
        clients("connect", name="bob", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="bob")["ok"]
        doc = pycrdt.Doc[Any]()
        burst: list[bytes] = []
        subscription = doc.observe(lambda event: burst.append(event.update))
        for root, path, text in [*thread(), *(message(number) for number in range(300))]:
            doc.get(root, type=pycrdt.Map)[path + digest(text)] = text
            if len(burst) == 150:
                doc.get("message", type=pycrdt.Map)["not a fact"] = "x"
        del subscription
        # Else its end waits ten seconds: what nobody read stands before the answer to its closing.
        unread = {"max_queue": None}
        with connected(f"{serving.ws}/a.chat", subprotocols=["chatdoc"], **unread) as socket:  # type: ignore[list-item]
            for one in burst:
                socket.send(wire.update(one))
            (told,) = json.loads(wire.read_message(received(socket, b"\x05")).text)["refused"]
            assert told["code"] == "wrong_place"
            assert clients("count", name="bob", root="message", least=301)["size"] == 301
            assert clients("pending", name="bob")["pending"] is False


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_a_reader_reads_and_changes_nothing(clients: Clients, guarded: Serving, kind: str) -> None:
    """A read-only client follows the document; what it writes is told to be refused and reaches nobody."""
    connect(clients, guarded, "any", kind)
    connect(clients, guarded, "eve", kind)
    clients("facts", name="any", list=thread())
    assert clients("has", name="eve", text="the root")["ok"]
    write(clients, "eve", message(1, sender_id="eve", content="not mine to write"))
    assert refusals(clients, "eve")[0]["code"] == "read_only"
    write(clients, "any", message(2))
    assert clients("has", name="eve", text="message 2")["ok"]
    assert "not mine" not in json.dumps(clients("content", name="any"))


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_an_unknown_token_is_told_so(clients: Clients, guarded: Serving, kind: str) -> None:
    """A client with a wrong token hears it; y-websocket gets a code after which it does not come back."""
    clients(
        "connect", name="x", kind=kind, url=guarded.ws, path="a.chat", token="wrong",
        protocols=["chatdoc", "bearer.wrong"],
    )  # fmt: skip
    if kind == "hocuspocus":
        assert clients("logged", name="x", kind="denied")["log"] == [["denied", "unknown token"]]
    else:
        assert clients("closed", name="x")["closes"] == [4401]
    assert not guarded.do(lambda: list(guarded.rooms.open_rooms())), "no document was opened for it"


def test_a_client_that_shows_nothing_is_closed(clients: Clients, tmp_path: Path) -> None:
    """Without a token in a header, the first message must be one, and come soon."""
    with (
        Serving(tmp_path, authenticate=lambda _: None, limits=Limits(hello_s=0.2)) as serving,
        connected(f"{serving.ws}/a.chat", subprotocols=["chatdoc"]) as silent,  # type: ignore[list-item]
    ):
        clients("connect", name="x", kind="y-websocket", url=serving.ws, path="a.chat")
        assert 4401 in clients("closed", name="x")["closes"]
        with pytest.raises(ConnectionClosed) as told:
            silent.recv(timeout=60)
        assert told.value.rcvd is not None
        assert told.value.rcvd.code == 4401


def test_a_client_of_nothing_but_refused_updates_is_closed(clients: Clients, tmp_path: Path) -> None:
    """Whoever sends refused updates again and again is closed, with a code after which it stays away."""
    with Serving(tmp_path, limits=Limits(refused_updates_max=3)) as serving:
        clients("connect", name="x", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="x")["ok"]
        for number in range(5):
            clients("raw", name="x", root="nowhere", key=str(number), value=number)
        assert 4422 in clients("closed", name="x")["closes"]


def test_every_code_of_a_refusal_is_explained() -> None:
    """The table in docs/sync.md has each code once, and no other."""
    page = (PROJECT / "docs" / "sync.md").read_text(encoding="utf-8")
    table = page.partition("## A refused write")[2].partition("\n## ")[0]
    codes = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(codes) == sorted({*get_args(RefusalCode), "not_allowed", "continues_refused", "read_only"})
