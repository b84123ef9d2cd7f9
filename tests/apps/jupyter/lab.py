"""A live Jupyter server with collaboration, and clients of its rooms that hold a Y document, as a browser does."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
from pycrdt import Doc, YMessageType, create_sync_message, create_update_message, handle_sync_message
from websockets.sync.client import ClientConnection, connect

from chatdoc.apps.jupyter import shared_text
from chatdoc.crdt import shared_doc
from chatdoc.document import Document
from chatdoc.engine.reader import Reader
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import ChatdocError
from chatdoc.testing.clocks import ManualClock
from tests import plain_http
from tests.forked import Forked
from tests.open.chats import texts

LOADED = ("jupyter_server.serverapp",)
"""What takes a server three seconds of the processor to load."""
TOKEN = "a-token-of-the-tests"
SAVE_S = 0.2
PATIENCE_S = 60.0


class Lab:
    """One Jupyter server on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: Forked | None = None
        self._said = b""
        """What servers said that are gone."""
        self.port = 0
        self._clients: list[Client] = []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        home = self.folder.parent / "home"
        for name in ("config", "data", "runtime"):
            (home / name).mkdir(parents=True, exist_ok=True)
        options = {
            "IdentityProvider.token": TOKEN,
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.open_browser": False,
            "ServerApp.root_dir": self.folder,
            "ServerApp.jpserver_extensions": "{'jupyter_server_ydoc': True, 'jupyter_server_fileid': True,"
            " 'chatdoc.apps.jupyter': True}",
            "YDocExtension.document_save_delay": SAVE_S,
            "YDocExtension.file_poll_interval": 0.2,
            "YDocExtension.document_cleanup_delay": 0,
        }
        self._process = Forked(
            *(f"--{name}={value}" for name, value in options.items()),
            "--allow-root",
            module="jupyter_server",
            folder=self.folder,
            environment={
                **os.environ,
                "HOME": str(home),
                "JUPYTER_CONFIG_DIR": str(home / "config"),
                "JUPYTER_DATA_DIR": str(home / "data"),
                "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
                "JUPYTER_PLATFORM_DIRS": "1",
            },
            loaded=LOADED,
        )
        self._process.let_go()
        wait_for(self._answers, "the server answers")

    def stop(self) -> None:
        """End it at once; its clients lose their connections."""
        if self._process is not None:
            with self._process as process:
                process.kill()
                self._said += process.printed()[1]
            self._process = None
        for client in self._clients:
            client.leave()
        self._clients.clear()

    def log(self) -> str:
        """What the server said."""
        now = self._process.printed()[1] if self._process is not None else b""
        return (self._said + now).decode("utf-8", "replace")

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the server."""
        return plain_http.request(
            method,
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Authorization": f"token {TOKEN}"},
            timeout=PATIENCE_S,
            **more,
        )

    def room_url(self, name: str) -> str:
        """Where the room of a file is, with what lets one in."""
        asked = self.request(
            "PUT", f"/api/collaboration/session/{name}", json={"format": "text", "type": "chatdoc"}
        )
        asked.raise_for_status()
        told = asked.json()
        room = f"{told['format']}:{told['type']}:{told['fileId']}?sessionId={told['sessionId']}&token={TOKEN}"
        return f"ws://127.0.0.1:{self.port}/api/collaboration/room/{room}"

    def join(self, name: str, client: Client | None = None) -> Client:
        """A client of a file's room, a new one or one that had been there before."""
        client = client or Client()
        self._clients.append(client)
        client.enter(self.room_url(name))
        return client

    def _answers(self) -> bool:
        assert self._process is not None
        with suppress(TimeoutError):
            raise AssertionError(f"the server ended with {self._process.wait(0.001)}: {self.log()}")
        try:
            return self.request("GET", "/api/status").status_code == 200
        except httpx.TransportError:
            return False


class Client:
    """A Y document in a room, and a replica of chatdoc that says what is written into it."""

    def __init__(self, seed: int = 1) -> None:
        self.ydoc: Doc[Any] = Doc()
        self.clock = ManualClock()
        self._seed, self._opened = seed, 0
        self._stack = ExitStack()
        self._socket: ClientConnection | None = None
        self._is_synced = False

    def enter(self, url: str) -> None:
        """Connect, and hand over and take what either side lacks."""
        self._socket = self._stack.enter_context(
            # Without a limit to what is unread: before that is read, closing would wait ten seconds for its answer.
            connect(url, max_size=None, max_queue=None, open_timeout=PATIENCE_S, proxy=None)
        )
        self._socket.send(create_sync_message(self.ydoc))
        self.listen(lambda: self._is_synced, "the room answers")

    def listen(self, until: Callable[[], object], what: str) -> None:
        """Take what the room says until something is so."""
        end = time.monotonic() + PATIENCE_S
        assert self._socket is not None
        while not until():
            assert time.monotonic() < end, f"waited in vain until {what}"
            try:
                message = self._socket.recv(timeout=0.1)
            except TimeoutError:
                continue
            if isinstance(message, bytes) and message[0] == YMessageType.SYNC:
                self._is_synced = self._is_synced or message[1] == 1
                reply = handle_sync_message(message[1:], self.ydoc)
                if reply is not None:
                    self._socket.send(reply)

    def writer(self) -> Document:
        """A document of chatdoc that knows what the room's says, and whose changes go into the room from now on.

        While this client is away they stay in its Y document.
        """
        self._opened += 1
        dice = Random(f"{self._seed}/{self._opened}")
        found = shared_doc.facts_of(self.ydoc)
        document = memory_document(clock=self.clock, random=dice.randbytes, facts=found)
        document.subscribe(lambda update, _: self._put(update))
        return document

    def _put(self, update: bytes) -> None:
        self.ydoc.apply_update(update)
        if self._socket is not None:
            self._socket.send(create_update_message(update))

    def text(self) -> str:
        """What the client's document says."""
        return shared_text.read(self.ydoc)

    def messages(self) -> list[str]:
        """The texts of all messages, in the order in which they are shown."""
        return texts(Reader(lambda: shared_text.view_of(self.ydoc)))

    def leave(self) -> None:
        """Go, and keep the document."""
        self._stack.close()
        self._socket = None
        self._is_synced = False


@contextmanager
def lab_on(folder: Path) -> Iterator[Lab]:
    """A server on a folder, running."""
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder)
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


def wait_for(until: Callable[[], object], what: str) -> None:
    """Wait until something is so; Jupyter writes a file in place, so it may be seen when it is half there."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with suppress(ChatdocError):
            if until():
                return
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)
