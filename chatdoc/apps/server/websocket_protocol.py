"""uvicorn's websocket protocol, whose sockets take frames made before: one broadcast is framed once for all clients.

A frame goes to the transport at once while nothing waits there, without a task being woken for it; else it is sent in
its turn, and backpressure holds as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "chatdoc.write_frame"
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

    def handle_connect(self, event: Request) -> None:
        """Accept the handshake; the application, whose task starts later, finds how to write frames in its scope."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[EXTENSION] = self._write_frame

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
