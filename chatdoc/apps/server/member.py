"""A websocket client with a bounded send queue: what it does not read in time closes it, and nothing else waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from chatdoc.apps.server import wire
from chatdoc.apps.server.closing_codes import REFUSED, SLOW
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.principal import Principal
from chatdoc.apps.server.websocket_protocol import WriteFrame, frame_of


class Outbox:
    """Messages on their way to one socket, in order, at most so many and so large."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        limits: Limits,
        write_frame: WriteFrame | None = None,
    ) -> None:
        self._send, self._write_frame = send, write_frame
        self._limits = limits
        self._queue: deque[tuple[Iterable[bytes], int]] = deque()
        """Messages, those that belong together as one, with what they count for."""
        self._whole_waits = False
        self._wake = asyncio.Event()
        self._abandoned = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.waiting_bytes = 0
        self.closing: tuple[int, str] | None = None

    def put(self, message: bytes, frame: bytes | None = None) -> None:
        """Send a message, at once while nothing waits, else in its turn; a queue that is full ends the connection.

        `frame` is the message as a websocket carries it, where that was made before.
        """
        write = self._write_frame if self._idle.is_set() and self.closing is None else None
        if write is None or not write(frame if frame is not None else frame_of(message)):
            self._put((message,), len(message))

    def put_whole(self, messages: Iterable[bytes], size: int) -> None:
        """Send all that a client lacks, in so many bytes, each message made when it is sent.

        It counts for nothing while no other waits: whoever comes back for a whole document must be able to get it.
        """
        self._put(messages, size if self._whole_waits else 0)
        self._whole_waits = True

    def _put(self, messages: Iterable[bytes], counts: int) -> None:
        if self.closing is not None:
            return
        limits = self._limits
        if self._queue and (
            self.waiting_bytes + counts > limits.waiting_bytes_max
            or len(self._queue) >= limits.waiting_messages_max
        ):
            self.close(SLOW, "too slow: come back and sync by state vector")
            return
        self._queue.append((messages, counts))
        self.waiting_bytes += counts
        self._idle.clear()
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """End the connection: at once when the client is slow, else after what waits."""
        if self.closing is not None:
            return
        self.closing = (code, reason)
        if code == SLOW:
            self.abandon()
        self._wake.set()

    def abandon(self) -> None:
        """Let go of what waits: it is not read."""
        self._queue.clear()
        self.waiting_bytes = 0
        self._abandoned.set()

    async def run(self) -> tuple[int, str]:
        """Send until this is closed; the code and reason to close the socket with."""
        queue = self._queue
        while True:
            while queue:
                messages, counts = queue.popleft()
                for message in messages:
                    await self._send(message)
                self.waiting_bytes -= counts
                if not counts:
                    self._whole_waits = False
            self.waiting_bytes = 0
            self._idle.set()
            if self.closing is not None:
                return self.closing
            self._wake.clear()
            await self._wake.wait()

    async def stuck(self) -> None:
        """Return once this is abandoned: a send that hangs is not waited for."""
        await self._abandoned.wait()


class Member:
    """One client in one room; a hocuspocus socket carries several of these."""

    def __init__(self, outbox: Outbox, principal: Principal, *, name: str | None, speaks_json: bool) -> None:
        self.outbox = outbox
        self.principal = principal
        self.name = name
        """What begins each of its messages: the document's name, for hocuspocus; None for y-websocket."""
        self.speaks_json = speaks_json
        self.is_live = False
        """Whether it has the document and hears of changes; until then they are in what it gets."""
        self.refusals = 0
        self.was_told_read_only = False
        self.held = 0
        """So many broadcasts wait until the disk has what this client sent; later ones wait behind them."""
        self.asked: bytes | None = None
        """Beyond which state vector it was asked last for what is missing: it would bring the same again."""
        self.unhandled_bytes = 0
        self.room_for_more = asyncio.Event()
        self.room_for_more.set()

    def frame(self, message: bytes) -> bytes:
        """The message as this client's socket carries it."""
        return message if self.name is None else wire.named(self.name, message)

    def send(self, message: bytes) -> None:
        """Send one message of this document."""
        self.outbox.put(self.frame(message))

    def send_whole(self, messages: Sequence[bytes]) -> None:
        """Send all that the client lacks; who does not read holds no copy of it."""
        self.outbox.put_whole(map(self.frame, messages), sum(map(len, messages)))

    def send_json(self, text: str) -> None:
        """Send JSON beside the document; a client that knows no such message gets it as words of refusal."""
        if self.speaks_json or self.name is not None:
            self.send(wire.stateless(text))

    def refuse(self, text: str, refusals_max: int) -> None:
        """Say what was refused; one refusal too many ends the connection."""
        self.send_json(text)
        if not self.speaks_json and self.name is None:
            self.send(wire.denied(text, hocuspocus=False))
        self.refusals += 1
        if self.refusals >= refusals_max:
            self.close(REFUSED, "too many updates of this client were refused")

    def acknowledge(self, applied: bool) -> None:
        """Say that a change is stored; a y-websocket client sees it come back instead."""
        if self.name is not None:
            self.send(wire.sync_status(applied))

    def close(self, code: int, reason: str) -> None:
        """End the client's connection."""
        self.outbox.close(code, reason)
