"""uvicorn's websocket protocol, whose sockets take frames made before: one broadcast is framed once for all clients.

A frame goes to the transport at once while nothing waits there, without a task being woken for it; else it is sent in
its turn, and backpressure holds as before. A long message is sent in fragments: a transport copies what it is given, so
whoever does not read costs one of them, and for no longer than the deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from chatdoc.apps.server.unread_deadline import UnreadDeadline

EXTENSION = "chatdoc.write_frame"
FRAGMENT_BYTES = 256 * 1024
_BINARY = 0x82
"""The first byte of a message of bytes in one frame."""

WriteFrame = Callable[[bytes], bool]
"""Writes a whole frame now, or answers that it has to wait."""


def frame_of(message: bytes) -> bytes:
    """A message as the one frame that carries it from a server."""
    size = len(message)
    if size < 126:
        return bytes((_BINARY, size)) + message
    if size < 0x10000:
        return bytes((_BINARY, 126)) + size.to_bytes(2) + message
    return bytes((_BINARY, 127)) + size.to_bytes(8) + message


def write_frame_of(scope: Mapping[str, Any]) -> WriteFrame | None:
    """What writes frames to a connection; None under another server than ours, which is given messages."""
    found: WriteFrame | None = scope.get("extensions", {}).get(EXTENSION)
    return found


class FrameProtocol(WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *given: Any, unread_s: float, **more: Any) -> None:
        super().__init__(*given, **more)
        self._unread = UnreadDeadline(self.loop, unread_s)

    def handle_connect(self, event: Request) -> None:
        """Accept the handshake; the application, whose task starts later, finds how to write frames in its scope."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[EXTENSION] = self._write_frame

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unread.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Let messages wait for their reader, for so long."""
        super().pause_writing()
        self._unread.pause(self.transport)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._unread.end()
        super().resume_writing()

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application says; of a long message each part once the one before was read."""
        data = message.get("bytes") if message["type"] == "websocket.send" else None
        if not isinstance(data, bytes) or len(data) <= FRAGMENT_BYTES:
            await super().send(message)
            return
        for start in range(0, len(data), FRAGMENT_BYTES):
            await self.writable.wait()
            if self.disconnected or self.close_sent or self.transport.is_closing():
                raise ClientDisconnected
            end = start + FRAGMENT_BYTES
            # A ping or the closing frame may come between two fragments; of messages there is one at a time.
            begin_or_go_on = self.conn.send_continuation if start else self.conn.send_binary
            begin_or_go_on(data[start:end], fin=end >= len(data))
            self.transport.write(b"".join(self.conn.data_to_send()))

    def _write_frame(self, frame: bytes) -> bool:
        is_free = (
            self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and self.writable.is_set()
            and not self.transport.is_closing()
            and not self.transport.get_write_buffer_size()
        )
        if is_free:
            self.transport.write(frame)
        return is_free
