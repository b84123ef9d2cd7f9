"""Write deadline: a connection whose client reads nothing for too long is aborted, and what waits for it is let go.

A transport that is only closed waits without end for such a client, and keeps the bytes and the socket.
"""

from __future__ import annotations

import asyncio


class UnreadDeadline:
    """Of one connection; `pause` when bytes begin to wait in its transport, `end` when they do no more."""

    def __init__(self, loop: asyncio.AbstractEventLoop, unread_s: float) -> None:
        self._loop, self._unread_s = loop, unread_s
        self._timer: asyncio.TimerHandle | None = None

    def pause(self, transport: asyncio.Transport) -> None:
        """Look after a while whether the client took anything."""
        if self._timer is None:
            waiting = transport.get_write_buffer_size()
            self._timer = self._loop.call_later(self._unread_s, self._look, transport, waiting)

    def end(self) -> None:
        """The client has read, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.Transport, waited: int) -> None:
        self._timer = None
        if transport.get_write_buffer_size() < waited:  # It is slow, but it reads.
            self.pause(transport)
        else:
            transport.abort()
