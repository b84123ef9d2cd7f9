"""Runs the rooms of a folder under uvicorn: one process, one loop, a graceful end on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import msgspec
import uvicorn

from chatdoc.apps.server.accept_errors import AcceptErrors
from chatdoc.apps.server.http_protocol import RequestProtocol
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.rooms import Rooms
from chatdoc.apps.server.websocket_protocol import FrameProtocol
from chatdoc.model.errors import ReadOnlyTarget

PING_S = 20.0
BACKLOG = 2048
FILES_A_ROOM, FILES_BESIDES = 8, 1024
"""A store is a file, its log and its index, for each connection to it; besides there are requests and modules."""
CLIENTS_SHARE = 0.6
"""Of the files, so many may be clients' sockets."""


class _Server(uvicorn.Server):
    """Saves and lets go of the documents before it waits for its connections, which their streams keep open."""

    def __init__(self, config: uvicorn.Config, rooms: Rooms) -> None:
        super().__init__(config)
        self._rooms = rooms

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End by SIGTERM and SIGINT with status 0, as asked for; uvicorn would raise the signal again at its end."""
        loop = asyncio.get_running_loop()
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self.handle_exit, one, None)
        try:
            yield
        finally:
            for one in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(one)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and sockets with a code that says when to come back, then those who do not read."""
        loop = asyncio.get_running_loop()
        ending = await self._rooms.close()
        loop.call_at(ending, self._abort)
        await super().shutdown(sockets)

    def _abort(self) -> None:
        """Let go of what nobody reads: a connection that is only closed waits for its reader without end."""
        for one in list(self.server_state.connections):
            one.transport.abort()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that what is wrong with host or port is said before anything starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(BACKLOG)  # Whoever reads our address may come at once.
    except OSError as error:
        made.close()
        raise ReadOnlyTarget(
            f"{host} port {port} cannot be listened on: {error.strerror}",
            hint="Choose another --port or --host",
        ) from error
    return made


def within_files(limits: Limits) -> Limits:
    """The limits that the process can hold, which is let open as many files as it may: a socket is one of them.

    Systems begin with 256 or 1,024. Where a container allows no more, clients leave a part of them to the documents.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.clients_max + limits.rooms_max * FILES_A_ROOM + FILES_BESIDES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        with contextlib.suppress(ValueError, OSError):  # Another limit of the system.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            now = wanted
    if now == resource.RLIM_INFINITY:
        return limits
    return msgspec.structs.replace(limits, clients_max=min(limits.clients_max, round(now * CLIENTS_SHARE)))


Stop = Callable[[], None]


def _ready(stop: Stop) -> None:
    """Nobody wants to know."""


async def run(rooms: Rooms, listening: socket.socket, on_ready: Callable[[Stop], None] = _ready) -> None:
    """Serve until the process is told to end, or what `on_ready` is given is called; all is stored and saved then."""
    config = uvicorn.Config(
        rooms.app(),
        log_level="warning",
        access_log=False,  # It writes addresses down, and with them whatever a client puts there.
        server_header=False,
        lifespan="off",
        http=cast(
            Any, partial(RequestProtocol, request_s=rooms.limits.request_s, unread_s=rooms.limits.unread_s)
        ),
        ws=cast(Any, partial(FrameProtocol, unread_s=rooms.limits.unread_s)),
        ws_max_size=rooms.limits.message_bytes_max,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=round(rooms.limits.drain_s) + 1,
    )
    asyncio.get_running_loop().set_exception_handler(AcceptErrors())
    async with rooms:
        server = _Server(config, rooms)
        on_ready(lambda: setattr(server, "should_exit", True))
        await server.serve(sockets=[listening])
