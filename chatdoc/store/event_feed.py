"""Who follows the log sees every event once, in order: what is there, and what comes, from whichever process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from chatdoc.model.errors import StoreError
from chatdoc.model.events.event import Event

POLL_S = 0.2
"""So often the log is looked at for what other processes wrote; what this one writes is seen at once."""

Read = Callable[[int], Sequence[Event]]
"""The next events beyond a sequence, in order; none when the log ends there."""


class Following:
    """Events beyond a sequence, for `for` and `async for`; ends when it or its document is closed.

    Events are read from the log and never handed over from memory, so there is no gap and no overlap between what was
    there and what comes. One thread or task at a time.
    """

    def __init__(
        self, read: Read, after: int, *, on_close: Callable[[Following], None] = lambda _: None
    ) -> None:
        self.sequence = after
        """The last event that was given."""
        self._read, self._on_close = read, on_close
        self._page: list[Event] = []
        self._woken = threading.Event()
        self._closed = False

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.wait()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        event = self._at_hand() or await asyncio.to_thread(self.wait)
        if event is None:
            raise StopAsyncIteration
        return event

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, timeout_s: float | None = None) -> Event | None:
        """The next event, when it comes; None once this is closed, or after so many seconds without one."""
        waits = None if timeout_s is None else max(1, round(timeout_s / POLL_S))
        while True:
            self._woken.clear()
            event = self._at_hand()
            if event is not None or self._closed or waits == 0:
                return event
            self._woken.wait(POLL_S)
            waits = None if waits is None else waits - 1

    def wake(self) -> None:
        """Look at the log now: something was stored."""
        self._woken.set()

    def close(self) -> None:
        """End this; whoever waits is let go."""
        if not self._closed:
            self._closed = True
            self._woken.set()
            self._on_close(self)

    def _at_hand(self) -> Event | None:
        if not self._page and not self._closed:
            try:
                self._page = list(reversed(self._read(self.sequence)))
            except StoreError:
                if not self._closed:
                    raise
        if not self._page or self._closed:
            return None
        event = self._page.pop()
        self.sequence = event.sequence
        return event
