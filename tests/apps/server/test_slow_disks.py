"""One slow document delays no other: each of as many as can be open may wait for its disk, one that hangs too."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from chatdoc.store.sqlite.wal_sync import WalSync
from tests.apps.server.serving import SECONDS_MAX, Serving

SLOW = 40
SOON_S = 10
"""Long before anything that hangs here goes on."""


def _begin(serving: Serving, name: str) -> None:
    serving.command(name, type="create_thread", sender_id="ada", content="Hello")


def test_forty_documents_in_a_turn_delay_no_other(serving: Serving) -> None:
    """Their stores block; another document is written, read, opened and listed meanwhile."""
    may_go_on = threading.Event()
    for number in range(SLOW):
        _begin(serving, f"slow-{number}.chat")

    async def block(name: str) -> None:
        async with serving.rooms.use(name) as room:
            await room.call(lambda _: may_go_on.wait(SECONDS_MAX))

    blocked = [
        asyncio.run_coroutine_threadsafe(block(f"slow-{number}.chat"), serving.loop) for number in range(SLOW)
    ]
    try:
        begun = time.monotonic()
        _begin(serving, "quick.chat")
        assert serving.http.get("/api/documents/quick.chat/threads").status_code == 200
        assert len(serving.http.get("/api/documents").json()["documents"]) == SLOW + 1
        assert serving.http.get("/debug").status_code == 200
        assert "chatdoc_server_rooms" in serving.http.get("/metrics").text
        assert time.monotonic() - begun < SOON_S
        assert not any(one.done() for one in blocked)
    finally:
        may_go_on.set()
    for one in blocked:
        one.result(SECONDS_MAX)


def test_forty_documents_that_wait_for_the_disk_delay_no_other(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of them is acknowledged meanwhile."""
    may_go_on, slow = threading.Event(), set[str]()
    real = WalSync.make_durable

    def make_durable(wal: WalSync) -> None:
        if str(wal._database.file) in slow:
            assert may_go_on.wait(SECONDS_MAX)
        real(wal)

    monkeypatch.setattr(WalSync, "make_durable", make_durable)
    asked: list[Future[object]] = []

    async def write(name: str) -> object:
        async with serving.rooms.use(name) as room:
            slow.update(map(str, room.store_paths))
            return await room.call(lambda doc: doc.create_thread(sender_id="ada", content="late"))

    try:
        for number in range(SLOW):
            name = f"slow-{number}.chat"
            _begin(serving, name)
            asked.append(asyncio.run_coroutine_threadsafe(write(name), serving.loop))
        begun = time.monotonic()
        _begin(serving, "quick.chat")
        assert time.monotonic() - begun < SOON_S
        assert not any(one.done() for one in asked)
    finally:
        may_go_on.set()
    for one in asked:
        one.result(SECONDS_MAX)


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[int]:
    """The number of the program that serves the disk below `disk/`: stopped, it answers nobody."""
    program = shutil.which("bindfs")
    if program is None or not Path("/dev/fuse").exists():
        pytest.skip("bindfs or /dev/fuse is not there: install bindfs to run this")
    disk = tmp_path / "served" / "disk"
    disk.mkdir(parents=True)
    (tmp_path / "source").mkdir()
    with subprocess.Popen([program, "-f", str(tmp_path / "source"), str(disk)]) as running:
        try:
            while not disk.is_mount():
                if running.poll() is not None:
                    pytest.skip("bindfs cannot mount here")
                time.sleep(0.02)
            yield running.pid
        finally:
            os.kill(running.pid, signal.SIGCONT)
            subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_disk_that_hangs_delays_no_document_of_another(tmp_path: Path, hanging: int) -> None:
    """Neither looking for news on it does, nor who asks there for documents that are not open; then all goes on."""
    with Serving(tmp_path / "served") as serving:
        for name in ("disk/a.chat", "disk/closed.chat", "quick.chat"):
            _begin(serving, name)
        os.kill(hanging, signal.SIGSTOP)
        try:
            sending = {
                "type": "create_thread", "sender_id": "ada", "content": "late", "command_id": "one",
            }  # fmt: skip

            def ask(answers: list[int]) -> None:
                came = serving.http.post("/api/documents/disk/a.chat/commands", json=sending)
                answers.append(came.status_code)

            def look(answers: list[int]) -> None:
                answers.append(serving.http.get("/api/documents/disk/other.chat/threads").status_code)

            answers: dict[str, list[int]] = {"ask": [], "look": []}
            threads = [threading.Thread(target=one, args=(answers[one.__name__],)) for one in (ask, look)]
            for one in threads:
                one.start()
            time.sleep(1.5)  # What the system remembers of the files is asked for anew.
            begun = time.monotonic()
            for _ in range(3):
                _begin(serving, "quick.chat")
            _begin(serving, "another.chat")
            assert serving.http.get("/healthz").status_code == 200
            assert time.monotonic() - begun < SOON_S
            assert answers == {"ask": [], "look": []}
        finally:
            os.kill(hanging, signal.SIGCONT)
        for one in threads:
            one.join(SECONDS_MAX)
        assert answers == {"ask": [200], "look": [404]}
