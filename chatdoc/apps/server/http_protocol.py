"""uvicorn's HTTP protocol with deadlines: a request must come whole, and its answer be read, or the connection ends.

uvicorn ends a connection that is idle between two requests, and waits without end for the rest of one, or for a reader.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chatdoc.apps.server.unread_deadline import UnreadDeadline


class RequestProtocol(HttpToolsProtocol):
    """One connection, until it is closed or becomes a websocket."""

    def __init__(self, *given: Any, request_s: float, unread_s: float, **more: Any) -> None:
        super().__init__(*given, **more)
        self._request_s = request_s
        self._unread = UnreadDeadline(self.loop, unread_s)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, which begins with the first byte after the one before."""
        self._expect()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """Let a request that has come whole take its time."""
        self._let_be()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._let_be()
        self._unread.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Let an answer wait for its reader, for so long."""
        super().pause_writing()
        self._unread.pause(self.transport)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._unread.end()
        super().resume_writing()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._request_s, self.transport.close)

    def _let_be(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
