"""While a server stops it refuses nothing for good: who comes, asks or sends then is told to come back, and may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from chatdoc.apps.server import wire
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.test_coming_and_going import Slow, closing_slowly

EMPTY = b"\x00"
"""The state vector of who has nothing."""


def sent(server: ClientConnection, kind: int) -> bytes:
    """The next message of a kind."""
    while True:
        message = server.recv(SECONDS_MAX)
        assert isinstance(message, bytes)
        if message[0] == kind:
            return message


def asked(server: ClientConnection, command: dict[str, Any]) -> dict[str, Any]:
    """The answer to a command that is sent over the socket."""
    server.send(wire.stateless(json.dumps(command)))
    answer = sent(server, wire.STATELESS)
    found: dict[str, Any] = json.loads(wire.read_message(answer).text)
    return found


def end_of(server: ClientConnection) -> tuple[int | None, str | None]:
    """The code and the words with which the server ends a connection."""
    with suppress(ConnectionClosed):
        while True:
            server.recv(SECONDS_MAX)
    return server.close_code, server.close_reason


@contextmanager
def stopping(
    folder: Path,
) -> Iterator[tuple[Serving, dict[str, Any], ClientConnection, ClientConnection, Slow]]:
    """A server that saves its document while it stops, with a client that has it and one that has not asked yet."""
    closing = Slow()

    with Serving(folder, opener=closing_slowly(closing)) as serving:
        command = {"type": "create_thread", "sender_id": "ada", "content": "x", "command_id": "c"}
        with (
            connect(f"{serving.ws}/a.chat", subprotocols=["chatdoc"]) as one,  # type: ignore[list-item]
            connect(f"{serving.ws}/a.chat") as other,
        ):
            one.send(wire.step_1(EMPTY))
            sent(one, wire.SYNC)
            ending = threading.Thread(target=serving.stop)
            ending.start()
            try:
                assert closing.has_begun.wait(SECONDS_MAX)
                yield serving, command, one, other, closing
            finally:
                closing.may_end.set()
                ending.join()


def test_a_command_that_comes_while_the_server_stops_is_not_decided(tmp_path: Path) -> None:
    """No receipt says that it was refused: whoever gave it gives it again, and it is done."""
    with stopping(tmp_path) as (serving, command, one, _, _):
        over_socket = asked(one, command)
        over_http = serving.http.post("/api/documents/a.chat/commands", json=command)
        listed = serving.http.get("/api/documents")
    assert (over_socket["ok"], over_socket["receipt"]) == (False, None)
    assert over_socket["error"]["code"] == "document_closed"
    assert (over_http.status_code, over_http.json()["receipt"]) == (503, None)
    assert over_http.json()["error"]["code"] == "document_closed"
    assert listed.status_code == 503
    with Serving(tmp_path) as again:
        assert again.command("a.chat", **command)["receipt"]["status"] == "accepted"


def test_whoever_joins_while_the_server_stops_comes_back(tmp_path: Path) -> None:
    """Its connection ends with a code after which clients come back, not with one of those that refuse for good."""
    with stopping(tmp_path) as (_, _, _, other, _):
        other.send(wire.step_1(EMPTY))
        assert end_of(other) == (4500, "cannot sync")


def test_a_stop_is_told_with_its_own_code(tmp_path: Path) -> None:
    """Each client hears that the server stops, also one that has no document yet."""
    with stopping(tmp_path) as (serving, _, one, other, closing), connect(serving.ws) as idle:
        closing.may_end.set()
        for client in (one, other, idle):
            assert end_of(client) == (4503, "the server is stopping")
