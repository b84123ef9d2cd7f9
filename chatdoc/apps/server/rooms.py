"""A folder of documents, each open at most once however many ask, closed when idle, and saved before it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp

from chatdoc.apps.server.app import build_app
from chatdoc.apps.server.client_words import client_words
from chatdoc.apps.server.closing_codes import GOING
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.member import Outbox
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.origin_check import host_names, origins_of_pages
from chatdoc.apps.server.paths import Listing
from chatdoc.apps.server.principal import Allow, Authenticate, Credentials, Principal, allow_own, identified
from chatdoc.apps.server.reopening import wait_until_writable
from chatdoc.apps.server.room import Room
from chatdoc.apps.server.served import Served
from chatdoc.apps.server.store_looks import look_at_stores
from chatdoc.database import DocumentDatabase
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, DocumentClosed
from chatdoc.open import open_document

_log = logging.getLogger("chatdoc.server")
HOUSEKEEPING_S = 0.5
_LISTING = ("", False)
Found = TypeVar("Found")
THREADS_A_ROOM = 4
"""In a turn, in a save, and twice in its journal: as many documents as can be open may all be slow at once."""


class Rooms:
    """The documents below a folder, served to many; `async with` opens and closes it, and may open it again.

    `authenticate` says who a client is, `allow` what it may write; without them whoever reaches the server
    may do everything, so it should be reachable from this machine only. `allowed_hosts` are the names the server is
    called by besides those of the loopback interface, `allowed_origins` pages of other servers that may use it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        authenticate: Authenticate | None = None,
        allow: Allow = allow_own,
        limits: Limits | None = None,
        allowed_hosts: Collection[str] = (),
        allowed_origins: Collection[str] = (),
        create: bool = True,
        opener: Callable[..., Document] = open_document,
        page_token: str | None = None,
        database: DocumentDatabase | None = None,
    ) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.authenticate = authenticate
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.allowed_hosts = host_names(allowed_hosts)
        self.allowed_origins = origins_of_pages(allowed_origins)
        self.page_token = page_token or secrets.token_urlsafe(24)
        """What a page of this server sends along with each change, and no page of another knows."""
        self.connections: dict[asyncio.Task[object], Outbox] = {}
        """The websockets that are open, by the task that serves each."""
        self._allow = allow
        self._served = Served(self.folder, database, opener, create=create)
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._executor = self._threads()
        self._tasks: list[asyncio.Task[None]] = []
        self._looking: dict[tuple[str, bool], asyncio.Future[Any]] = {}
        self._logged = ""
        """Of what clients are told, what was written to the log last: they may ask for the same again and again."""
        self._is_open = False
        self._was_open = False
        self.metrics.watch_integrity(
            lambda: [told for one in self._rooms.values() if (told := one.report.counters()) is not None]
        )

    def app(self) -> ASGIApp:
        """The ASGI application to run or to mount."""
        return build_app(self)

    @property
    def is_ready(self) -> bool:
        """Whether documents can be opened now."""
        return self._is_open and self._served.is_reachable

    async def listing(self) -> Listing:
        """The documents of the folder, by their paths below it; who asks while they are looked up shares that."""
        if not self._is_open:
            raise self._not_open()
        found = await self._looked_up(_LISTING, self._served.listing)
        return Listing(sorted({*found.names, *self._rooms}), found.unreadable)

    def words(self, error: object) -> str:
        """What a client is told of an error, or of the words of one, without where files lie; the log keeps that."""
        said = str(error)
        told = client_words(said, self.folder)
        if said not in (told, self._logged):
            self._logged = said
            _log.warning("a client was told this without its paths: %s", said)
        return told

    def open_rooms(self) -> Iterator[tuple[str, Room]]:
        """The documents that are open now."""
        yield from sorted(self._rooms.items())

    async def refresh_reports(self) -> None:
        """Look at what the rules say of every open document now, and which of them could not be saved."""
        await asyncio.gather(*(room.report.refresh() for _, room in list(self.open_rooms())))
        rooms = [room for _, room in self.open_rooms()]
        unsaved = sum(room.autosave.failure is not None or room.report.has_lost_its_file for room in rooms)
        self.metrics.unsaved.set(unsaved)

    async def identify(self, credentials: Credentials) -> Principal | None:
        """Who shows these credentials; None when nobody may."""
        return await identified(self.authenticate, credentials)

    @asynccontextmanager
    async def use(self, name: str, *, create: bool = True) -> AsyncIterator[Room]:
        """A document's room, kept open meanwhile; raises what opening raises, NotFound for what is no path of a chat.

        `await room.call(lambda doc: …)` does something with the document in a thread. A name that is not there makes a
        new chat, unless `create` is false, here or of the rooms: who only looks leaves nothing behind.
        """
        room = await self._enter(name, create=create)
        try:
            yield room
        finally:
            room.users -= 1
            self._touch(name, room)

    async def _enter(self, name: str, *, create: bool) -> Room:
        path = None
        while True:
            if not self._is_open:
                raise self._not_open()
            if name in self._closing:
                await asyncio.shield(self._closing[name])
                continue
            room = self._rooms.get(name)
            if room is not None and room.failure is not None:
                self._begin_closing(name, room)
                continue
            if room is None and name not in self._opening:
                if path is None:
                    place = partial(self._served.place_of, name, create=create)
                    path = await self._looked_up((name, create), place)
                    continue
                if len(self._rooms) + len(self._opening) >= self.limits.rooms_max:
                    raise DocumentClosed(
                        f"{self.limits.rooms_max} documents are open, which is the limit",
                        hint="Wait until one is idle, or raise rooms_max",
                    )
                self._opening[name] = asyncio.create_task(self._open(name, path))
            if room is None:
                room = await asyncio.shield(self._opening[name])
            room.users += 1
            return room

    async def _looked_up(self, key: tuple[str, bool], look: Callable[[], Found]) -> Found:
        """What the disk says, in a thread, for it may hang; who asks for the same meanwhile shares that."""
        looking = self._looking.get(key)
        if looking is None:
            loop = asyncio.get_running_loop()
            looking = self._looking[key] = loop.run_in_executor(self._executor, look)
            looking.add_done_callback(lambda done: (self._looking.pop(key), done.exception()))
        found: Found = await asyncio.shield(looking)
        return found

    async def _open(self, name: str, path: Path) -> Room:
        try:
            loop = asyncio.get_running_loop()
            wake = partial(_soon, loop, self._look_at, name)
            opening = loop.run_in_executor(self._executor, self._served.open, name, path, wake)
            doc, watch = await opening
            room = Room(
                doc,
                path,
                watch,
                limits=self.limits,
                allow=self._allow,
                executor=self._executor,
                metrics=self.metrics,
            )
            self._rooms[name] = room
            room.look()  # What came before it was there woke nobody.
            self._touch(name, room)
            self.metrics.rooms.set(len(self._rooms))
            return room
        finally:
            del self._opening[name]

    def _touch(self, name: str, room: Room) -> None:
        if room.failure is not None and not room.users and self._rooms.get(name) is room:
            self._begin_closing(name, room)

    def _begin_closing(self, name: str, room: Room) -> None:
        if self._rooms.get(name) is room:
            del self._rooms[name]
            self._closing[name] = asyncio.create_task(self._close(name, room))

    async def _close(self, name: str, room: Room) -> None:
        try:
            await room.close()
        finally:
            del self._closing[name]
            self.metrics.rooms.set(len(self._rooms))

    def _look_at(self, name: str) -> None:
        if (room := self._rooms.get(name)) is not None:
            room.look()

    async def _keep_house(self) -> None:
        idle: dict[str, float] = {}
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            now = asyncio.get_running_loop().time()
            for name, room in list(self._rooms.items()):
                room.expire(now)
                if not room.is_idle:
                    idle.pop(name, None)
                    if not room.watch.may_hang and room.watch.is_due(now):
                        room.look()
                elif now - idle.setdefault(name, now) >= self.limits.idle_close_s:
                    del idle[name]
                    self._begin_closing(name, room)

    async def __aenter__(self) -> Rooms:
        if not self.folder.is_dir():
            raise CommandRefused(f"{self.folder} is no folder", hint="Name the folder of the chats")
        self._is_open = self._was_open = True
        looking = look_at_stores(self._rooms.values, self._executor)
        waiting = wait_until_writable(self.open_rooms, self._served, self._executor, self._touch)
        self._tasks = [asyncio.create_task(one) for one in (looking, self._keep_house(), waiting)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> float:
        """Store and save everything and let go of it, let clients read what waits, and tell them to come back.

        The moment at which nobody is waited for any more, by the loop's clock.
        """
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._opening.values(), return_exceptions=True)
        for name, room in list(self._rooms.items()):
            self._begin_closing(name, room)
        await asyncio.gather(*self._closing.values(), return_exceptions=True)
        time = asyncio.get_running_loop().time
        ending = time() + self.limits.drain_s
        for outbox in self.connections.values():  # After what waits for each.
            outbox.close(GOING, "the server is stopping")
        if self.connections:  # Each says so itself, before the web server ends it with a code of its own.
            await asyncio.wait(self.connections, timeout=self.limits.drain_s)
        for outbox in self.connections.values():
            outbox.abandon()
        if self.connections:
            await asyncio.wait(self.connections, timeout=self.limits.drain_s)
        self._executor.shutdown(wait=True)
        self._executor = self._threads()  # An application is opened anew by each of its tests.
        return ending

    def _threads(self) -> ThreadPoolExecutor:
        # One is started where none is idle. A pool of our own, whose idle threads end, made no update faster.
        most = THREADS_A_ROOM * self.limits.rooms_max
        return ThreadPoolExecutor(most, thread_name_prefix="chatdoc-room")

    def _not_open(self) -> DocumentClosed:
        if self._was_open:
            return DocumentClosed("the server is stopping", hint="Come back in a moment")
        return DocumentClosed(
            "nobody has opened these rooms",
            hint="Enter them with `async with rooms:`, in the lifespan of the application say",
        )


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[str], None], name: str) -> None:
    with contextlib.suppress(RuntimeError):  # The server has stopped.
        loop.call_soon_threadsafe(call, name)
