"""A hocuspocus socket carries many documents: each is asked for, fails and goes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chatdoc.serve import Credentials, Limits, Principal
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import Serving
from tests.apps.server.test_coming_and_going import clients_of, rooms_of, until
from tests.apps.server.yjs_clients import Clients


def join(clients: Clients, serving: Serving, name: str, path: str, **more: str) -> None:
    """A client of one document."""
    clients("connect", name=name, kind="hocuspocus", url=serving.ws, path=path, **more)


@pytest.mark.parametrize("first", ["bad.chat", "good.chat"])
def test_a_document_that_cannot_be_opened_disturbs_no_other_on_its_socket(
    clients: Clients, serving: Serving, first: str
) -> None:
    """Its client is told why, and the one beside it syncs and goes on."""
    (serving.folder / "bad.chat").write_text("this is no chat\n")
    other = "good.chat" if first == "bad.chat" else "bad.chat"
    join(clients, serving, first, first)
    join(clients, serving, other, other, beside=first)
    assert clients("synced", name="good.chat")["ok"]
    told = clients("logged", name="bad.chat", kind="denied")["log"]
    assert "no chat" in dict(told)["denied"] or "expected a chat" in dict(told)["denied"]
    clients("facts", name="good.chat", list=[*thread(), message(1)])
    assert clients("clean", name="good.chat")["ok"]
    assert clients("logged", name="good.chat", kind="denied", ms=0)["closes"] == []


def test_a_document_that_cannot_be_opened_alone_is_come_back_for(clients: Clients, serving: Serving) -> None:
    """Its socket is closed with a code after which the client comes back, and gets it once it can be opened."""
    bad = serving.folder / "bad.chat"
    bad.write_text("this is no chat\n")
    join(clients, serving, "ada", "bad.chat")
    assert 4500 in clients("closed", name="ada")["closes"]
    bad.unlink()
    assert clients("synced", name="ada")["ok"]


def test_a_document_that_is_left_is_closed_though_its_socket_stays(clients: Clients, tmp_path: Path) -> None:
    """Whoever goes through many documents on one socket holds only those that are in use."""
    with Serving(tmp_path, limits=Limits(idle_close_s=0.1)) as serving:
        join(clients, serving, "stays", "a.chat")
        assert clients("synced", name="stays")["ok"]
        for turn in range(2):
            join(clients, serving, "goes", "b.chat", beside="stays")
            assert clients("synced", name="goes")["ok"], turn
            assert rooms_of(serving) == 2
            clients("destroy", name="goes")
            assert until(lambda: rooms_of(serving) == 1)
        assert clients_of(serving) == 1


def test_each_document_is_asked_for(clients: Clients, tmp_path: Path) -> None:
    """What `authenticate` allows for one document is not allowed for another on the same socket."""
    asked: list[str] = []

    def own(shown: Credentials) -> Principal | None:
        asked.append(shown.path)
        return Principal(user_id="ada") if shown.token == "t" and shown.path == "a.chat" else None

    with Serving(tmp_path, authenticate=own) as serving:
        join(clients, serving, "own", "a.chat", token="t")
        assert clients("synced", name="own")["ok"]
        join(clients, serving, "other", "b.chat", token="t", beside="own")
        assert dict(clients("logged", name="other", kind="denied")["log"])["denied"] == "unknown token"
    assert {"a.chat", "b.chat"} == set(asked)
    assert not (tmp_path / "b.chat").exists()


def test_a_socket_that_shows_nothing_is_closed(tmp_path: Path) -> None:
    """Also one that names no document, whatever it sends besides."""
    with (
        Serving(tmp_path, authenticate=lambda _: None, limits=Limits(hello_s=0.2)) as serving,
        connect(serving.ws) as silent,
    ):
        with pytest.raises(ConnectionClosed) as told:
            silent.recv(timeout=60)
        assert told.value.rcvd is not None
        assert told.value.rcvd.code == 4401
