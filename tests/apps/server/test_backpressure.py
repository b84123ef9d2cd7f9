"""A client that does not read, and a room that is slow, cost nobody else anything."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from chatdoc.apps.server import wire
from chatdoc.apps.server.closing_codes import SLOW
from chatdoc.serve import Limits
from tests.apps.server.facts import message, thread
from tests.apps.server.serving import SECONDS_MAX, Serving
from tests.apps.server.yjs_clients import Clients

DEAF = 60
WRITES, WRITE_BYTES = 200, 50_000
WAITING_BYTES_MAX = 2 * 1024 * 1024


def deaf_client(port: int) -> socket.socket:
    """A websocket that joins a room, and never reads."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.sendall(
        f"GET /sync/a.chat HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert made.recv(12) == b"HTTP/1.1 101"
    asked = wire.step_1(b"\x00")
    made.sendall(struct.pack("!BB4s", 0x82, 0x80 | len(asked), b"\0\0\0\0") + asked)
    return made


def memory_bytes() -> int:
    """What this process has in memory, its server too."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def closed_as_slow(serving: Serving) -> int:
    """How many sockets were closed since they did not read."""
    found = re.search(rf'closed_total{{code="{SLOW}"}} (\d+)', serving.http.get("/metrics").text)
    return int(found[1]) if found is not None else 0


@pytest.mark.slow
def test_clients_that_never_read_are_closed_and_cost_no_memory(clients: Clients, tmp_path: Path) -> None:
    """Sixty of them would keep 600 MB waiting; they are closed with a code, and a reader beside them gets all."""
    with Serving(tmp_path, limits=Limits(waiting_bytes_max=WAITING_BYTES_MAX)) as serving:
        for name in ("ada", "bob"):
            clients("connect", name=name, kind="hocuspocus", url=serving.ws, path="a.chat")
            assert clients("synced", name=name)["ok"]
        deaf = [deaf_client(serving.port) for _ in range(DEAF)]
        try:
            clients("facts", name="ada", list=thread())
            assert clients("has", name="bob", text="the root")["ok"]
            before = most = memory_bytes()
            for number in range(WRITES):
                root, path, text = message(number, content=f"{number} " + "x" * WRITE_BYTES)
                clients("fact", name="ada", root=root, path=path, text=text)
                most = max(most, memory_bytes())
            assert clients("count", name="bob", root="message", least=WRITES + 1)["size"] == WRITES + 1
            end = time.monotonic() + SECONDS_MAX
            while closed_as_slow(serving) < DEAF and time.monotonic() < end:
                time.sleep(0.1)
            assert closed_as_slow(serving) >= DEAF, "those who read may be late too, and come back"
            assert most - before < 250e6, f"{(most - before) / 1e6:.0f} MB more"
        finally:
            for one in deaf:
                one.close()


def test_a_document_larger_than_the_send_queue_is_still_got(clients: Clients, tmp_path: Path) -> None:
    """The limit is for what comes while a client does not read, not for what it asked for when it joined."""
    with Serving(tmp_path, limits=Limits(waiting_bytes_max=64 * 1024)) as serving:
        made = serving.command("a.chat", type="create_thread", sender_id="ada", content="x")["record"][
            "thread_id"
        ]
        for number in range(20):
            serving.command(
                "a.chat", type="send", thread_id=made, sender_id="ada", content=f"{number}" + "x" * 50_000
            )
        for kind in ("y-websocket", "hocuspocus"):
            clients("connect", name=kind, kind=kind, url=serving.ws, path="a.chat")
            assert clients("count", name=kind, root="message", least=21)["size"] == 21
            assert clients("closed", name=kind, ms=10)["closes"] == []


def test_a_slow_room_delays_no_other(serving: Serving) -> None:
    """While one document is busy, for however long, another answers."""
    is_busy, is_over = threading.Event(), threading.Event()

    def work(_: object) -> bool:
        is_busy.set()
        return is_over.wait(SECONDS_MAX)

    async def busy() -> bool:
        async with serving.rooms.use("slow.chat") as room:
            return await room.call(work)

    slow = asyncio.run_coroutine_threadsafe(busy(), serving.loop)
    assert is_busy.wait(SECONDS_MAX)
    serving.command("fast.chat", type="create_thread", sender_id="ada", content="x")
    assert not slow.done()
    is_over.set()
    assert slow.result(SECONDS_MAX), "the other answered before this one went on"


def test_a_message_beyond_the_limit_closes_its_sender(clients: Clients, tmp_path: Path) -> None:
    """What is too large is not read, and the document stays as it was."""
    with Serving(tmp_path, limits=Limits(message_bytes_max=20_000)) as serving:
        clients("connect", name="ada", kind="y-websocket", url=serving.ws, path="a.chat")
        assert clients("synced", name="ada")["ok"]
        root, path, text = message(1, content="x" * 30_000)
        clients("fact", name="ada", root=root, path=path, text=text)
        assert 1009 in clients("closed", name="ada")["closes"]
        assert serving.http.get("/api/documents/a.chat/threads").json()["threads"] == []


def test_too_many_clients_are_asked_to_come_later(clients: Clients, tmp_path: Path) -> None:
    """Beyond the limit a client is closed with a code after which it tries again."""
    with Serving(tmp_path, limits=Limits(clients_max=1)) as serving:
        for name in ("ada", "bob"):
            clients("connect", name=name, kind="y-websocket", url=serving.ws, path="a.chat")
            if name == "ada":
                assert clients("synced", name="ada")["ok"]
        assert 4529 in clients("closed", name="bob")["closes"]
        clients("destroy", name="ada")
        assert clients("synced", name="bob")["ok"], "it came back when there was room"
