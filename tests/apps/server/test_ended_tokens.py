"""A token that ends while its client is connected ends the connection, and one that may less does less from then on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from chatdoc.apps.server import event_stream
from chatdoc.serve import Credentials, Limits, Principal
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import Serving
from tests.apps.server.yjs_clients import Clients

SOON = Limits(ask_again_s=0.1)


class Tokens:
    """Who may come now, by token."""

    def __init__(self) -> None:
        self.principals = {"t": Principal(user_id="ada")}

    def __call__(self, shown: Credentials) -> Principal | None:
        return self.principals.get(shown.token or "")


@pytest.mark.parametrize("kind", ["y-websocket", "hocuspocus"])
def test_a_client_whose_token_ends_is_sent_away(clients: Clients, tmp_path: Path, kind: str) -> None:
    """With the code of an unknown token, wherever it showed its own."""
    tokens = Tokens()
    protocols = ["chatdoc", "bearer.t"] if kind == "y-websocket" else None
    with Serving(tmp_path, authenticate=tokens, limits=SOON) as serving:
        clients(
            "connect", name="ada", kind=kind, url=serving.ws, path="a.chat", token="t", protocols=protocols
        )
        assert clients("synced", name="ada")["ok"]
        tokens.principals.clear()
        assert clients("closed", name="ada")["closes"][0] == 4401


def test_a_client_that_may_only_read_from_now_on_comes_back_as_a_reader(
    clients: Clients, tmp_path: Path
) -> None:
    """It is asked to come back, and what it writes then is refused."""
    tokens = Tokens()
    with Serving(tmp_path, authenticate=tokens, limits=SOON) as serving:
        clients("connect", name="ada", kind="hocuspocus", url=serving.ws, path="a.chat", token="t")
        assert clients("synced", name="ada")["ok"]
        clients("facts", name="ada", list=thread())
        assert clients("clean", name="ada")["ok"]
        tokens.principals["t"] = Principal(user_id="ada", read_only=True)
        assert clients("closed", name="ada")["closes"][0] == 4500
        assert clients("logged", name="ada", kind="scope")["log"][0] == ["scope", "read-write"]
        clients("facts", name="ada", list=[message(1)])
        assert (
            clients("logged", name="ada", kind="stateless")["log"][-1][1]["refused"][0]["code"] == "read_only"
        )


@pytest.mark.parametrize("what", ["events", "integrity"])
def test_a_stream_ends_with_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Whoever follows it hears nothing more, though there is more to hear."""
    monkeypatch.setattr(event_stream, "BEAT_S", 0.2)
    tokens = Tokens()
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer t"}
    is_over = threading.Event()
    path = "/api/documents/a.chat"

    def write(serving: Serving) -> None:
        for number in range(1000):
            command = {"type": "create_thread", "content": str(number)}
            serving.http.post(f"{path}/commands", json=command, headers={"Authorization": "Bearer other"})
            if is_over.wait(0.02):
                return
        serving.stop()

    with Serving(tmp_path, authenticate=tokens, limits=SOON) as serving:
        tokens.principals["other"] = Principal(user_id="bob")
        with serving.http.stream("GET", f"{path}/{what}?after=0", headers=headers) as response:
            writing = threading.Thread(target=write, args=[serving])
            writing.start()
            parts = response.iter_bytes()
            next(parts)
            del tokens.principals["t"]
            for _ in parts:
                pass
            is_over.set()
            writing.join()
        assert serving.http.get("/healthz").is_success, "the stream ended by itself"
