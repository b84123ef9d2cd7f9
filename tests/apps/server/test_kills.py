"""SIGKILL loses nothing that was acknowledged, and a graceful stop leaves everything in the file."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from chatdoc import open_document
from tests import plain_http
from tests.apps.server.facts import THREAD, message, thread
from tests.apps.server.yjs_clients import Clients
from tests.many_servers.server_process import Server

ROUNDS = int(os.environ.get("CHATDOC_KILLS", "3"))
SEED = 71


class Commands(threading.Thread):
    """Sends commands as fast as they are answered, each until it is, and keeps what was acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(daemon=True)
        self.port, self.name = port, name
        self.acknowledged: list[dict[str, Any]] = []
        self.unknown: list[dict[str, Any]] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Until it is over or the server is gone."""
        number = 0
        with plain_http.client(f"http://127.0.0.1:{self.port}", timeout=30) as http:
            while not self.is_over.is_set():
                number += 1
                command = {
                    "type": "send", "thread_id": THREAD, "sender_id": self.name,
                    "content": f"{self.name} {number}", "command_id": f"{self.name}-{number}",
                }  # fmt: skip
                try:
                    came = http.post("/api/documents/a.chat/commands", json=command)
                except httpx.HTTPError:
                    self.unknown.append(command)
                    return
                (self.acknowledged if came.status_code == 200 else self.unknown).append(
                    {**command, "answer": came.json()}
                )


@pytest.mark.slow
def test_a_killed_server_lost_nothing_acknowledged(clients: Clients, tmp_path: Path) -> None:
    """Under load of both kinds of clients and of commands, killed again and again.

    What was acknowledged is in the store before anybody comes back; afterwards every client has the same, commands
    whose answer was lost are done once when they are repeated, and no rule is broken.
    """
    random = Random(SEED)
    server = Server(str(tmp_path))
    port = server.port
    ws = f"ws://127.0.0.1:{port}/sync"
    kinds = {"ada": "y-websocket", "bob": "hocuspocus", "eve": "hocuspocus"}
    for name, kind in kinds.items():
        clients("connect", name=name, kind=kind, url=ws, path="a.chat")
        assert clients("synced", name=name)["ok"]
    clients("facts", name="bob", list=thread())
    assert clients("clean", name="bob")["ok"]
    repeated = 0
    for turn in range(ROUNDS):
        workers = [Commands(port, f"w{turn}-{one}") for one in range(3)]
        for worker in workers:
            worker.start()
        acknowledged = []
        end = time.monotonic() + random.uniform(0.5, 1.5)
        number = 1000 * (turn + 1)
        while time.monotonic() < end:
            for name in kinds:
                number += 1
                root, path, text = message(number, sender_id=name)
                clients("fact", name=name, root=root, path=path, text=text)
                if kinds[name] == "hocuspocus" and clients("clean", name=name)["ok"]:
                    acknowledged.append(f"message {number}")
        assert server.end(signal.SIGKILL) == -signal.SIGKILL, f"seed {SEED}"
        for worker in workers:
            worker.join(60)
        with open_document(tmp_path / "a.chat") as doc:
            there = {one.content for one in doc.messages(THREAD)}
        assert set(acknowledged) <= there, f"seed {SEED}, round {turn}"
        assert {one["content"] for worker in workers for one in worker.acknowledged} <= there
        server.start()
        with plain_http.client(f"http://127.0.0.1:{port}", timeout=30) as http:
            for worker in workers:
                for command in worker.acknowledged[-2:] + worker.unknown:
                    given = {name: value for name, value in command.items() if name != "answer"}
                    came = http.post("/api/documents/a.chat/commands", json=given).json()
                    repeated += 1
                    assert came == command.get("answer", came)
        for name in kinds:
            assert clients("has", name=name, text=f"w{turn}-2 1", ms=30000)["ok"]
            assert clients("has", name=name, text=f"message {number}", ms=30000)["ok"]
    assert repeated
    end = time.monotonic() + 30
    while time.monotonic() < end:  # Each comes back in its own time.
        seen = [clients("content", name=name)["content"] for name in kinds]
        if seen[0] == seen[1] == seen[2]:
            break
        time.sleep(0.2)
    assert server.end(signal.SIGTERM) == 0
    with open_document(tmp_path / "a.chat") as doc:
        contents = [one.content for one in doc.messages(THREAD)]
        assert doc.check(full=True).ok
    assert len(contents) == len(set(contents)), "nothing is there twice"
    assert seen[0] == seen[1] == seen[2]
    assert sum(key.startswith("message:") for key in seen[0]) == len(contents)


def test_a_graceful_stop_leaves_all_in_the_file(clients: Clients, tmp_path: Path) -> None:
    """SIGTERM while a client writes and another follows events: the process ends with 0 and the text has everything."""
    server = Server(str(tmp_path))
    clients("connect", name="ada", kind="hocuspocus", url=f"ws://127.0.0.1:{server.port}/sync", path="a.chat")
    assert clients("synced", name="ada")["ok"]
    clients("facts", name="ada", list=[*thread(), *(message(one) for one in range(200))])
    assert clients("clean", name="ada")["ok"]
    with (
        plain_http.client(f"http://127.0.0.1:{server.port}", timeout=30) as http,
        http.stream(
            "GET", "/api/documents/a.chat/events", headers={"Accept": "text/event-stream"}
        ) as response,
    ):
        lines = response.iter_lines()
        next(lines)
        assert server.end(signal.SIGTERM) == 0
        for _ in lines:
            pass
    text = (tmp_path / "a.chat").read_bytes()
    assert text.count(b'"event":"message"') == 201
