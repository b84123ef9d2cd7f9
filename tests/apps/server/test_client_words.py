"""No client learns where files lie on the server's machine: by no door, and of no file; the log says it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chatdoc.apps.server import wire
from chatdoc.apps.server.client_words import client_words
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, StoreError
from chatdoc.open import open_document
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.test_coming_and_going import until
from tests.apps.server.test_read_only import SOURCE

COMMAND = {"type": "create_thread", "sender_id": "ada", "content": "x", "command_id": "c"}
PAGES = (
    "/api/documents/a.chat/threads",
    "/api/documents/a.chat/messages?thread=t",
    "/api/documents/a.chat/events",
    "/api/documents/a.chat/integrity",
    "/debug",
    "/debug/a.chat",
    "/api/documents",
    "/api/openapi.json",
    "/metrics",
    "/healthz",
    "/readyz",
)
STREAMS = ("/api/documents/a.chat/events", "/api/documents/a.chat/integrity")
ROOT = re.compile(r'workspaceRoot(?:"|&quot;): ?(?:"|&quot;)[^"&]*')
"""What the log says of the folder is data of the log, as agents wrote or asked for it."""
Opener = Callable[..., Document]


def said_over_http(serving: Serving) -> Iterator[str]:
    """What each address answers."""
    for page in PAGES:
        yield serving.http.get(page).text
    for page in STREAMS:
        with serving.http.stream("GET", page, headers={"Accept": "text/event-stream"}) as came:
            yield next(came.iter_text())
    for command in (COMMAND, {**COMMAND, "command_id": "d", "type": "edit", "message_id": "m"}):
        yield serving.http.post("/api/documents/a.chat/commands", json=command).text
    token = {"X-Chatdoc-Token": serving.rooms.page_token}
    for action in ("check", "repair_all", "repair"):
        yield serving.http.post("/debug/a.chat", json={"action": action}, headers=token).text
    for source in ("no such tool", "codex"):
        yield serving.http.post("/api/system/reindex", json={"sources": [source]}).text


def said_over_sockets(serving: Serving) -> Iterator[str]:
    """What a y-websocket client and one of hocuspocus hear, until they are closed or answered."""
    begins = {"/a.chat": b"", "": wire.text_bytes("a.chat")}
    for path, name in begins.items():
        with connect(f"{serving.ws}{path}", subprotocols=["chatdoc"]) as socket:  # type: ignore[list-item]
            with suppress(ConnectionClosed):
                if name:
                    socket.send(name + b"\x02\x00" + wire.text_bytes(""))
                socket.send(name + wire.step_1(b"\x00"))
                socket.send(name + wire.stateless(json.dumps(COMMAND)))
                while True:
                    came = socket.recv(SECONDS_MAX)
                    assert isinstance(came, bytes)
                    yield came.decode("utf-8", "replace")
                    if b'"answer"' in came or came.startswith(name + b"\x02\x01"):
                        break
            yield socket.close_reason or ""


def damaged(folder: Path) -> Opener:
    """Documents whose store is no database."""
    with open_document(folder / "a.chat") as document:
        document.create_thread(sender_id="ada", content="x")
        store = document.store_path
    assert store is not None
    store.write_bytes(b"no database" * 1000)
    return open_document


def kept(folder: Path) -> Opener:
    """Documents that are open to be read only."""
    (folder / "a.chat").write_bytes(SOURCE)
    return open_document


def unwritten(folder: Path) -> Opener:
    """Documents whose text cannot be written."""
    with open_document(folder / "a.chat") as document:
        document.create_thread(sender_id="ada", content="x")
    return open_document


class Elsewhere:
    """Documents of which something lies outside of the folder, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / ".chatdoc").write_text("no folder of stores: the logs of agents cannot be indexed")
        self._outside = folder.parent / "another place" / "s.sqlite3"

    def __call__(self, path: Path, *, create: bool) -> Document:
        raise StoreError(f"the store {self._outside} could not be opened: {self._outside.parent} is full")


class Failing:
    """Documents whose commands are refused with a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, path: Path, *, create: bool) -> Document:
        document = open_document(path, create=create)
        outside = self._folder.parent / "elsewhere"

        def refuse(*_: object, **__: object) -> None:
            raise CommandRefused(f"{path} is in {self._folder} and not in {outside}/b.chat")

        document.create_thread = refuse  # type: ignore[assignment,method-assign]
        return document


@pytest.mark.parametrize("make", [damaged, kept, unwritten, Elsewhere, Failing])
def test_no_path_of_the_machine_leaves_the_server(
    tmp_path: Path, make: Callable[[Path], Opener], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the folder nor what lies outside of it is named in anything that is answered."""
    folder, logs = tmp_path / "served chats", tmp_path / "logs"
    for one in (folder, logs):
        one.mkdir()
    monkeypatch.setenv("CODEX_SESSIONS_DIR", str(logs))
    with Serving(folder, opener=make(folder)) as serving:
        if make is unwritten:
            serving.call("a.chat", lambda doc: doc.create_thread(sender_id="ada", content="y"))
            [room] = serving.do(lambda: [room for _, room in serving.rooms.open_rooms()])
            (folder / "a.chat").unlink()
            (folder / "a.chat").mkdir()
            serving.do(lambda: room.autosave.changed(serving.loop.time() - 1000))
            assert until(lambda: room.autosave.failure is not None)
        said = [*said_over_http(serving), *said_over_sockets(serving)]
        if make is unwritten:
            (folder / "a.chat").rmdir()
    for text in (ROOT.sub("", one) for one in said):
        assert str(tmp_path) not in text, text
        assert str(tmp_path.parent) not in text, text


def test_what_was_left_out_stands_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever runs the server finds the whole path there, once however often it is asked for."""
    with (
        Serving(tmp_path, opener=Elsewhere(tmp_path)) as serving,
        caplog.at_level(logging.WARNING, "chatdoc.server"),
    ):
        for _ in range(3):
            came = serving.http.post("/api/documents/a.chat/commands", json=COMMAND)
            assert came.status_code == 503
            assert "s.sqlite3" in came.json()["error"]["message"]
    assert caplog.text.count(str(tmp_path.parent / "another place" / "s.sqlite3")) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("the store /srv/my chats/.chatdoc/a.sqlite3 is full", "the store .chatdoc/a.sqlite3 is full"),
        ("/srv/my chats is no folder", "the served folder is no folder"),
        ("[Errno 2] no such file: '/var/lib/x/y.db'", "[Errno 2] no such file: 'y.db'"),
        ("allow /tmp; see docs/sync.md", "allow tmp; see docs/sync.md"),
        ("chmod u+w /srv/my chats/a.chat", "chmod u+w a.chat"),
        ("it lives at postgresql://db.example.org/chats#a now", "it lives at postgresql://db.example.org/chats#a now"),
        ("file:///var/lib/x.db?mode=ro and 1/2 or read/write", "x.db?mode=ro and 1/2 or read/write"),
        ("/srv/my chats-2/a.chat", "my chats-2/a.chat"),
    ],
)  # fmt: skip
def test_words_keep_all_but_where_things_lie(words: str, told: str) -> None:
    """Files below the folder keep their names below it, others their last name; everything else stays."""
    assert client_words(words, Path("/srv/my chats")) == told
