"""`python -m benchmarks.serving.libraries` measures what one broadcast to 50 sockets costs a process, by library.

One process serves 50 sockets of another one, which reads and throws away; each message has 200 bytes. What is told is
CPU time of the server a message and socket, so that a busy machine changes little.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
import websockets.asyncio.server
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chatdoc.apps.server.websocket_protocol import FrameProtocol, frame_of, write_frame_of

CLIENTS, MESSAGES, BURST = 50, 4_000, 20
MESSAGE = os.urandom(200)
_HELLO = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
Send = Callable[[], Awaitable[None]]


def main() -> None:
    """Print a line for each library."""
    for name, serve in (
        ("websockets", _websockets),
        ("uvicorn", _uvicorn),
        ("picows", _picows),
        ("ours", _ours),
    ):
        print(f"{name:12} {asyncio.run(_measured(serve)) * 1e6:6.2f} µs a message and socket", flush=True)


async def _measured(serve: Callable[[int, asyncio.Event], Any]) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    full = asyncio.Event()
    async with serve(port, full) as send:
        reader = multiprocessing.get_context("spawn").Process(target=_read, args=(port,), daemon=True)
        reader.start()
        await asyncio.wait_for(full.wait(), 60)
        begun = time.process_time()
        for number in range(MESSAGES):
            await send()
            if number % BURST == 0:
                await asyncio.sleep(0.002)
        spent = time.process_time() - begun
        reader.kill()
        reader.join()
    return spent / MESSAGES / CLIENTS


def _read(port: int) -> None:
    async def one() -> None:
        stream, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_HELLO)
        while await stream.read(1 << 16):
            pass

    async def all_of_them() -> None:
        await asyncio.gather(*(one() for _ in range(CLIENTS)))

    with contextlib.suppress(OSError):
        asyncio.run(all_of_them())


@contextlib.asynccontextmanager
async def _websockets(port: int, full: asyncio.Event) -> Any:
    sockets: set[Any] = set()

    async def handle(one: Any) -> None:
        sockets.add(one)
        if len(sockets) == CLIENTS:
            full.set()
        await one.wait_closed()

    async def send() -> None:
        websockets.asyncio.server.broadcast(sockets, MESSAGE)

    async with websockets.asyncio.server.serve(handle, "127.0.0.1", port, compression=None):
        yield send


@contextlib.asynccontextmanager
async def _uvicorn(port: int, full: asyncio.Event, *, ours: bool = False) -> Any:
    sockets: set[WebSocket] = set()

    async def handle(one: WebSocket) -> None:
        await one.accept()
        sockets.add(one)
        if len(sockets) == CLIENTS:
            full.set()
        with contextlib.suppress(WebSocketDisconnect):
            await one.receive()
        sockets.discard(one)

    app = Starlette(routes=[WebSocketRoute("/", handle)])
    config = uvicorn.Config(
        app,
        port=port,
        log_level="critical",
        ws=FrameProtocol if ours else "websockets-sansio",
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())

    async def send() -> None:
        framed = frame_of(MESSAGE)
        for one in list(sockets):
            write = write_frame_of(one.scope) if ours else None
            if write is None or not write(framed):
                await one.send_bytes(MESSAGE)

    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield send
    finally:
        server.force_exit = server.should_exit = True
        with contextlib.suppress(BaseException):
            await asyncio.wait_for(running, 5)


def _ours(port: int, full: asyncio.Event) -> Any:
    return _uvicorn(port, full, ours=True)


@contextlib.asynccontextmanager
async def _picows(port: int, full: asyncio.Event) -> Any:
    from picows import WSListener, WSMsgType, ws_create_server

    transports: set[Any] = set()

    class Listener(WSListener):  # type: ignore[misc]
        """Counts sockets."""

        def on_ws_connected(self, transport: Any) -> None:
            """One more."""
            transports.add(transport)
            if len(transports) == CLIENTS:
                full.set()

        def on_ws_disconnected(self, transport: Any) -> None:
            """One less."""
            transports.discard(transport)

    async def send() -> None:
        for one in transports:
            one.send(WSMsgType.BINARY, MESSAGE)

    server = await ws_create_server(lambda request: Listener(), "127.0.0.1", port)
    try:
        yield send
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
