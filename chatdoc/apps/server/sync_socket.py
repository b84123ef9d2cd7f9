"""The websocket endpoint: y-websocket clients have a socket a document, hocuspocus clients many documents on one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, nullcontext
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from chatdoc.apps.server import closing_codes as codes
from chatdoc.apps.server import wire
from chatdoc.apps.server.commands import answer
from chatdoc.apps.server.credentials import SUBPROTOCOL, credentials_of, offers_subprotocol
from chatdoc.apps.server.member import Member, Outbox
from chatdoc.apps.server.principal import Credentials, Principal
from chatdoc.apps.server.room import Room
from chatdoc.apps.server.websocket_protocol import write_frame_of
from chatdoc.model.errors import ChatdocError, NotFound, UpdateRefused

if TYPE_CHECKING:
    from chatdoc.apps.server.rooms import Rooms

_log = logging.getLogger("chatdoc.server")
_COMPANY_S = 1.0
"""So soon the documents that a socket carries are there, after the first of them."""


async def serve_socket(rooms: Rooms, websocket: WebSocket) -> None:
    """One connection from its handshake to its end."""
    credentials = credentials_of(websocket, websocket.path_params.get("path", ""))
    # On a socket of many documents each is asked for by itself.
    is_asked = bool(credentials.path) or rooms.authenticate is None
    principal = await rooms.identify(credentials) if is_asked else None
    waits = not credentials.path or (rooms.authenticate is not None and credentials.token is None)
    await websocket.accept(subprotocol=SUBPROTOCOL if offers_subprotocol(websocket) else None)
    if len(rooms.connections) >= rooms.limits.clients_max:
        await websocket.close(codes.FULL, "too many clients")
        return
    if principal is None and not waits:
        await websocket.close(codes.UNKNOWN, "unknown token")
        return
    task = asyncio.current_task()
    assert task is not None, "a connection is served in a task"
    code = 1000
    connection = _Connection(rooms, websocket, credentials, principal)
    rooms.connections[task] = connection.outbox
    rooms.metrics.clients.set(len(rooms.connections))
    try:
        code = await connection.run()
    finally:
        del rooms.connections[task]
        rooms.metrics.clients.set(len(rooms.connections))
        rooms.metrics.closed.labels(str(code)).inc()


class _Place(NamedTuple):
    """A client's place in one room, and how it came there."""

    member: Member
    room: Room
    use: AsyncExitStack
    """Keeps the document open."""
    shown: Credentials
    found: Principal
    """Who that was."""

    async def leave(self) -> None:
        """Let the room go."""
        self.room.leave(self.member)
        await self.use.aclose()


class _Connection:
    """A socket: one task reads, one sends, and whichever ends first ends both."""

    def __init__(
        self,
        rooms: Rooms,
        websocket: WebSocket,
        credentials: Credentials,
        principal: Principal | None,
    ) -> None:
        self._rooms, self._websocket, self._credentials = rooms, websocket, credentials
        self._principal = principal
        self._loop = asyncio.get_running_loop()
        self.outbox = Outbox(self._send, rooms.limits, write_frame_of(websocket.scope))
        self._speaks_json = offers_subprotocol(websocket)
        self._members: dict[str, _Place] = {}
        self._window_ends_at, self._in_window = 0.0, 0

    async def run(self) -> int:
        """Serve until somebody ends it; the code it ended with."""
        reading = asyncio.create_task(self._read())
        sending = asyncio.create_task(self.outbox.run())
        stuck = asyncio.create_task(self.outbox.stuck())
        asking = asyncio.create_task(self._ask_again())
        code, reason = 1000, ""
        try:
            await asyncio.wait({reading, sending, stuck}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and not sending.done() and not reading.cancelled():
                code, reason = reading.result()
                if code != 1000:
                    self.outbox.close(code, reason)
                    await asyncio.wait({sending}, timeout=self._rooms.limits.drain_s)
            elif self.outbox.closing is not None:
                code, reason = self.outbox.closing
        finally:
            try:
                await _ended(reading, sending, stuck, asking)
            finally:  # Somebody may cancel this at every await, as the test client of an application does.
                for place in self._members.values():
                    await place.leave()
        if code != 1000:
            # Whoever does not read may never answer a closing frame.
            closing = asyncio.create_task(self._websocket.close(code, codes.closing_reason(reason)))
            await asyncio.wait({closing}, timeout=1.0)
            await _ended(closing)
        return code

    async def _send(self, message: bytes) -> None:
        await self._websocket.send({"type": "websocket.send", "bytes": message})

    async def _read(self) -> tuple[int, str]:
        try:
            path = self._credentials.path
            known_by = self._loop.time() + self._rooms.limits.hello_s
            if path and not await self._begin(path):
                return codes.UNKNOWN, "unknown token"
            while True:
                if self._principal is None:
                    async with asyncio.timeout_at(known_by):
                        data = await self._next()
                else:
                    data = await self._next()
                if data is None:
                    return 1000, ""
                if path:
                    await self._take(path, wire.read_message(data))
                elif len(data) > 1:  # A ping of hocuspocus is one byte of no document.
                    name, at = wire.read_name(data)
                    await self._take_named(name, wire.read_message(data, at))
        except TimeoutError:
            return codes.UNKNOWN, "expected a token, and none came that is known"
        except _Closed as closed:
            return closed.code, closed.reason
        except NotFound as error:
            return codes.MISSING, self._rooms.words(error)
        except UpdateRefused as error:
            return codes.BAD_MESSAGE, self._rooms.words(error)
        except WebSocketDisconnect:
            return 1000, ""
        except ChatdocError as error:
            return codes.FAILED, self._rooms.words(error)

    async def _next(self) -> bytes | None:
        limits = self._rooms.limits
        for place in self._members.values():
            if not place.member.room_for_more.is_set():
                await place.member.room_for_more.wait()
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        data: bytes | None = message.get("bytes")
        if data is None:
            raise _Closed(codes.BAD_MESSAGE, "expected binary messages of y-protocols, came text")
        if len(data) > limits.message_bytes_max:
            raise _Closed(codes.TOO_LARGE, f"expected messages of at most {limits.message_bytes_max} bytes")
        now = self._loop.time()
        if now >= self._window_ends_at:
            self._window_ends_at, self._in_window = now + 1.0, 0
        self._in_window += 1
        if self._in_window > limits.messages_per_second_max:
            await asyncio.sleep(self._window_ends_at - now)
        return data

    # y-websocket: one document

    async def _begin(self, path: str) -> bool:
        """Let the client into its room, after its token where a token is asked for; false when it is not known."""
        shown = self._credentials
        if self._principal is None:
            async with asyncio.timeout(self._rooms.limits.hello_s):
                first = await self._next()
            hello = wire.read_message(first) if first is not None else None
            if hello is not None and hello.kind == "token":
                shown = msgspec.structs.replace(shown, token=hello.text)
                self._principal = await self._rooms.identify(shown)
            if self._principal is None:
                self.outbox.put(wire.denied("unknown token", hocuspocus=False))
                return False
        await self._enter(path, None, shown, self._principal)
        return True

    # hocuspocus: a document a name

    async def _take_named(self, key: str, message: wire.Incoming) -> None:
        if key not in self._members:
            if message.kind == "token":  # Whatever else came, came before it heard that it may not.
                await self._come(key, message.text)
        elif message.kind == "close":
            await self._members.pop(key).leave()
        else:
            await self._take(key, message)

    async def _come(self, key: str, token: str) -> None:
        path = key.partition("\0")[0]
        shown = msgspec.structs.replace(self._credentials, path=path)
        if token:
            shown = msgspec.structs.replace(shown, token=token)
        principal = await self._rooms.identify(shown)
        if principal is None:
            self._deny(key, "unknown token")
            return
        self._principal = principal
        try:
            await self._enter(path, key, shown, principal)
        except NotFound as error:
            self._deny(key, self._rooms.words(error))
        except ChatdocError as error:
            self._loop.call_later(_COMPANY_S, self._give_up, key, self._rooms.words(error))
        else:
            one = self._members[key].member
            one.send(wire.authenticated("readonly" if one.principal.read_only else "read-write"))

    def _give_up(self, key: str, reason: str) -> None:
        """Let a client come back for a document that cannot be opened now, unless others on its socket would go too."""
        if self._members:
            self._deny(key, reason)
        else:
            self.outbox.close(codes.FAILED, reason)

    def _deny(self, key: str, reason: str) -> None:
        if key not in self._members:
            self.outbox.put(wire.named(key, wire.denied(reason, hocuspocus=True)))

    # both

    async def _enter(self, path: str, name: str | None, shown: Credentials, found: Principal) -> None:
        use = AsyncExitStack()
        room = await use.enter_async_context(self._rooms.use(path, create=not found.read_only))
        principal = msgspec.structs.replace(found, read_only=True) if room.why_read_only else found
        one = Member(self.outbox, principal, name=name, speaks_json=self._speaks_json)
        room.members.add(one)
        self._members[name if name is not None else path] = _Place(one, room, use, shown, found)
        if name is None and self._speaks_json and principal.read_only:
            reason = self._rooms.words(room.why_read_only or "this client may only read")
            scope = {"type": "read_only", "reason": reason}
            one.send_json(msgspec.json.encode(scope).decode())

    async def _ask_again(self) -> None:
        """End the connection when somebody on it may not come any more, or is somebody else by now."""
        while self._rooms.authenticate is not None:
            await asyncio.sleep(self._rooms.limits.ask_again_s)
            for place in list(self._members.values()):
                try:
                    found = await self._rooms.identify(place.shown)
                except Exception:
                    _log.exception("whether a client is still known could not be asked; it stays meanwhile")
                    continue
                if found is None:
                    self.outbox.close(codes.UNKNOWN, "the token is not known any more")
                elif found != place.found:
                    self.outbox.close(codes.FAILED, "what this client may do has changed")

    async def _take(self, key: str, message: wire.Incoming) -> None:
        one, room = self._members[key][:2]
        if message.kind == "step_1":
            room.join(one, message.body)
        elif message.kind in ("step_2", "update"):
            room.change(one, message.body)
        elif message.kind == "awareness":
            room.present(one, message.body)
        elif message.kind == "query":
            one.send(wire.presences(room.awareness.present()))
        elif message.kind == "stateless":
            one.speaks_json = True
            said, rooms = message.text.encode(), self._rooms
            _, found = await answer(nullcontext(room), one.principal, said, rooms.metrics, rooms.words)
            one.send_json(msgspec.json.encode(found).decode())


class _Closed(Exception):
    """Ends a connection from inside with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def _ended(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait for their end. Who cancels this finds that said in the error; `gather` would lose it."""
    for task in tasks:
        task.cancel()
        task.add_done_callback(
            lambda one: one.cancelled() or one.exception()
        )  # What they raise ends nothing else.
    await asyncio.wait(tasks)
