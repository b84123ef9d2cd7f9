"""Servers and writers go on while a document moves from a folder into a database, back, and there again."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chatdoc import open_document, open_store
from chatdoc.cutover import cutover
from tests import plain_http
from tests.many_servers.server_process import Server
from tests.postgres_cluster import Cluster

NAME = "a.chat"


class Writer(threading.Thread):
    """Sends to whichever server takes it, each command with its id until it is answered."""

    def __init__(self, number: int, addresses: list[str], thread: str) -> None:
        super().__init__(daemon=True)
        self._number, self._addresses, self._thread = number, addresses, thread
        self.acknowledged: list[str] = []
        self.moved = 0
        self.problems: list[str] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Until it is over; the command that was begun is seen through."""
        with plain_http.client(timeout=20) as http:
            while not self.is_over.is_set():
                content = f"{self._number}-{len(self.acknowledged)}"
                command = {
                    "type": "send", "thread_id": self._thread, "sender_id": "ada", "content": content,
                    "command_id": content,
                }  # fmt: skip
                if not self._sent(http, command):
                    self.problems.append(f"never answered: {content}")
                    return
                self.acknowledged.append(content)
                time.sleep(0.005)

    def _sent(self, http: httpx.Client, command: dict[str, str]) -> bool:
        for _ in range(400):
            for address in tuple(self._addresses):
                came = http.post(f"{address}/api/documents/{NAME}/commands", json=command)
                if came.status_code == 200:
                    return True
                self.moved += came.status_code == 410
                self._addresses = [*self._addresses[1:], self._addresses[0]]
                if came.status_code < 500 and came.status_code != 410:
                    self.problems.append(came.text)
            time.sleep(0.02)
        return False


def wait_for_more(writers: list[Writer]) -> None:
    """Wait until each was told of some more commands that they are done."""
    ends_at = time.monotonic() + 60
    before = {one: len(one.acknowledged) for one in writers}
    while any(len(one.acknowledged) < before[one] + 10 for one in writers):
        assert time.monotonic() < ends_at, "a writer does not go on"
        time.sleep(0.02)


@pytest.fixture
def url(postgres: Cluster) -> str:
    """A database of this test's own."""
    return postgres.create_database("cutover_in_use")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document in a folder."""
    with open_document(tmp_path / NAME) as doc:
        doc.create_thread(sender_id="ada", content="Hello")
    return tmp_path / NAME


@pytest.fixture
def servers(file: Path, url: str) -> Iterator[list[Server]]:
    """One that serves the folder, and one that serves the database."""
    started = [Server(str(file.parent)), Server("--store", url)]
    yield started
    for one in started:
        one.end(signal.SIGKILL)


def test_writers_go_on_while_it_moves_forth_and_back(file: Path, url: str, servers: list[Server]) -> None:
    """What four writers were told is done is there once, in the order of one log, and both sides had equal rows."""
    with open_document(file) as doc:
        thread = doc.threads()[0].thread_id
    addresses = [f"http://127.0.0.1:{one.port}" for one in servers]
    writers = [Writer(number, addresses, thread) for number in range(4)]
    for one in writers:
        one.start()
    for way in ("forth", "back", "forth"):
        wait_for_more(writers)
        done = cutover(file, url, back=way == "back")
        assert done.outcome == "moved"
        assert done.digest is not None
    wait_for_more(writers)
    for one in writers:
        one.is_over.set()
    for one in writers:
        one.join(60)
        assert one.problems == []
        assert not one.is_alive()
    acknowledged = [content for one in writers for content in one.acknowledged]
    assert sum(one.moved for one in writers) > 0
    with open_store(url) as store:
        assert store.verify(NAME) == []
        with store.open(NAME) as doc:
            there = [one.content for one in doc.messages(thread)]
            assert doc.check(full=True).ok
    assert sorted(one for one in there if "-" in one) == sorted(acknowledged)
