"""Clients that read nothing of what they asked for hold little of the server, for a while only, and delay no stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from chatdoc.apps.server import wire
from chatdoc.apps.server.http_protocol import RequestProtocol
from chatdoc.apps.server.unread_deadline import UnreadDeadline
from chatdoc.apps.server.websocket_protocol import FRAGMENT_BYTES, FrameProtocol
from chatdoc.open import open_document
from chatdoc.serve import Limits
from tests.apps.server.serving import Serving
from tests.apps.server.test_backpressure import deaf_client
from tests.apps.server.test_coming_and_going import until

MESSAGES, LETTERS = 100, 100_000
SLACK_BYTES = 128 * 1024
"""What a transport takes before it says that it is full, and the heads of chunks and frames."""
ASKED = {
    "a stream": "/api/documents/a.chat/events?after=0",
    "a page": "/api/documents/a.chat/messages?thread={thread}&limit=500",
    "the debug page": "/debug/a.chat?thread={thread}",
}


@pytest.fixture
def thread(tmp_path: Path) -> str:
    """The thread of ten million letters in the document of this test."""
    with open_document(tmp_path / "a.chat") as doc:
        made = doc.create_thread(sender_id="ada", content="x")
        for number in range(MESSAGES):
            text = f"{number} {os.urandom(LETTERS // 2).hex()}"
            doc.send(made.thread_id, sender_id="ada", content=text)
    return str(made.thread_id)


@contextmanager
def asking(serving: Serving, what: str, thread: str) -> Iterator[socket.socket]:
    """A client that asks for something and reads nothing of it."""
    if what == "a websocket":
        with deaf_client(serving.port) as made:
            yield made
        return
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.connect(("127.0.0.1", serving.port))
        head = f"GET {ASKED[what].format(thread=thread)} HTTP/1.1\r\nHost: localhost\r\n"
        made.sendall(f"{head}Accept: {'text/event-stream' if what == 'a stream' else '*/*'}\r\n\r\n".encode())
        yield made


def waiting(serving: Serving) -> list[int]:
    """How many bytes wait in each connection that has stopped writing."""

    def look() -> list[int]:
        found = [one for one in gc.get_objects() if type(one) in (RequestProtocol, FrameProtocol)]
        transports = {one.transport for one in found} - {None}  # That of a websocket was a request's before.
        sizes = [one.get_write_buffer_size() for one in transports if not one.is_closing()]
        return [size for size in sizes if size]

    sizes: list[int] = serving.do(look)
    return sizes


@pytest.mark.parametrize("what", ["a stream", "a websocket"])
def test_little_waits_for_whoever_does_not_read(tmp_path: Path, thread: str, what: str) -> None:
    """One part of a stream, or one fragment of a message, is in the process for each."""
    limits = Limits(page_bytes_max=256 * 1024)
    with Serving(tmp_path, limits=limits) as serving, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(asking(serving, what, thread))
        assert until(lambda: len(waiting(serving)) == 3)
        most = FRAGMENT_BYTES if what == "a websocket" else limits.page_bytes_max
        assert max(waiting(serving)) <= most + SLACK_BYTES
        serving.stop()


def test_pages_are_cut_by_their_bytes_and_join_without_gap(tmp_path: Path, thread: str) -> None:
    """Of messages and of the log; a record that is larger than a page is one by itself."""
    for most in (10_000, 5 * LETTERS):
        with Serving(tmp_path, limits=Limits(page_bytes_max=most)) as serving:
            before, contents, pages = "", [], 0
            while before is not None:
                asked = {"thread": thread, "limit": "500", **({"before": before} if before else {})}
                came = serving.http.get("/api/documents/a.chat/messages", params=asked)
                assert len(came.content) <= most + LETTERS * 1.1
                found = [one["history"][0]["content"] for one in came.json()["messages"]]
                contents, before, pages = [*found, *contents], came.json()["before"], pages + 1
            assert [one.split(" ")[0] for one in contents] == ["x", *map(str, range(MESSAGES))]
            assert pages > MESSAGES * LETTERS / (most + LETTERS) / 2
            after, sequences, is_over = 0, [], False
            while not is_over:
                came = serving.http.get("/api/documents/a.chat/events", params={"after": after, "limit": 500})
                assert len(came.content) <= most + LETTERS * 1.1
                sequences += [one["sequence"] for one in came.json()["events"]]
                after, is_over = came.json()["after"], came.json()["complete"]
            assert sequences == list(range(1, len(sequences) + 1))
            assert len(sequences) > MESSAGES


def test_a_long_message_comes_in_fragments_and_whole(tmp_path: Path, thread: str) -> None:
    """A websocket client puts them together by itself, and a ping may come between two of them."""
    with (
        Serving(tmp_path) as serving,
        connect(f"{serving.ws}/a.chat", max_size=None) as joiner,
    ):
        joiner.send(wire.step_1(b"\x00"))
        parts = [part for part in joiner.recv_streaming() if isinstance(part, bytes)]
        assert len(parts) > 10
        assert max(map(len, parts)) == FRAGMENT_BYTES
        assert wire.read_message(b"".join(parts)).kind in ("update", "step_2")


@pytest.mark.parametrize("what", ["a stream", "a websocket"])
def test_whoever_reads_nothing_for_long_is_let_go(tmp_path: Path, thread: str, what: str) -> None:
    """Its connection is ended, and its document closed; a transport that is closed would wait for it without end."""
    with (
        Serving(tmp_path, limits=Limits(unread_s=0.3, idle_close_s=0.1)) as serving,
        asking(serving, what, thread) as deaf,
    ):
        assert deaf.recv(1), "it is answered"
        assert until(lambda: not list(serving.do(lambda: list(serving.rooms.open_rooms()))))
        assert not waiting(serving)


def test_a_slow_reader_gets_everything() -> None:
    """Whoever took anything since the last look is waited for again, however long all of it takes."""
    total, unread_s = 8_000_000, 0.5

    async def reading() -> int:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        reader, writer = await asyncio.open_connection(sock=theirs, limit=16_384)
        deadline = UnreadDeadline(loop, unread_s)
        made: asyncio.Transport

        class Sending(asyncio.Protocol):
            def pause_writing(self) -> None:
                deadline.pause(made)

            def resume_writing(self) -> None:
                deadline.end()

        made, _ = await loop.create_connection(Sending, sock=ours)
        began, got = loop.time(), 0
        made.write(bytes(total))
        while got < total:
            part = await reader.read(65_536)
            assert part, f"it was ended after {got} bytes"
            got += len(part)
            if loop.time() - began < 3 * unread_s:
                await asyncio.sleep(0.02)
        made.abort()
        writer.close()
        return got

    assert asyncio.run(reading()) == total


@pytest.mark.parametrize("what", [*ASKED, "a websocket"])
def test_a_stop_lets_go_of_whoever_does_not_read(
    tmp_path: Path, thread: str, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends by itself, without a task that must be cancelled, and nothing is logged as an error of ours."""
    with Serving(tmp_path, limits=Limits(drain_s=0.3)) as serving, ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(asking(serving, what, thread))
        assert what == "a page" or until(lambda: len(waiting(serving)) == 4)
        serving.stop()
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
