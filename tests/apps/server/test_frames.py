"""A broadcast is framed once, and each client reads the messages it would have read without that, in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.frames import Frame, Opcode

from chatdoc.apps.server.member import Outbox
from chatdoc.apps.server.websocket_protocol import frame_of
from chatdoc.serve import Limits


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_a_frame_is_what_the_library_makes(size: int) -> None:
    """Around each of the three ways to say how long it is."""
    message = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert frame_of(message) == Frame(Opcode.BINARY, message).serialize(mask=False)


class Wire:
    """Notes what reaches a socket, by either way; the one with a queue waits for `go`."""

    def __init__(self, *, is_free: bool) -> None:
        self.sent: list[bytes] = []
        self.is_free = is_free
        self.go = asyncio.Event()

    async def send(self, message: bytes) -> None:
        """A message in its turn."""
        await self.go.wait()
        self.sent.append(message)

    def write(self, frame: bytes) -> bool:
        """A frame at once."""
        if self.is_free:
            self.sent.append(frame[2:])
        return self.is_free


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test in a loop of its own."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(bounded())


def test_what_waits_is_not_overtaken() -> None:
    """While one message is on its way nothing is written past it, and afterwards everything is again."""

    async def test() -> None:
        wire = Wire(is_free=False)
        outbox = Outbox(wire.send, Limits(), wire.write)
        running = asyncio.create_task(outbox.run())
        outbox.put(b"1")
        wire.is_free = True
        outbox.put(b"2")
        await asyncio.sleep(0.01)
        outbox.put(b"3")
        assert wire.sent == []
        wire.go.set()
        await outbox._idle.wait()
        outbox.put(b"4")
        assert wire.sent == [b"1", b"2", b"3", b"4"]
        outbox.put_whole([b"5", b"6"], 2)
        outbox.put(b"7")
        await outbox._idle.wait()
        assert wire.sent == [b"1", b"2", b"3", b"4", b"5", b"6", b"7"]
        running.cancel()

    run(test)


def test_nothing_is_written_once_it_closes() -> None:
    """Whoever is told to go gets nothing more."""

    async def test() -> None:
        wire = Wire(is_free=True)
        outbox = Outbox(wire.send, Limits(), wire.write)
        outbox.put(b"1")
        outbox.close(4403, "go")
        outbox.put(b"2")
        assert wire.sent == [b"1"]
        assert await outbox.run() == (4403, "go")

    run(test)


def test_another_server_is_given_messages() -> None:
    """Where no frames can be written, all goes by the queue."""

    async def test() -> None:
        wire = Wire(is_free=True)
        wire.go.set()
        outbox = Outbox(wire.send, Limits())
        running = asyncio.create_task(outbox.run())
        outbox.put(b"1", b"a frame")
        await outbox._idle.wait()
        assert wire.sent == [b"1"]
        running.cancel()

    run(test)
