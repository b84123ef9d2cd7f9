"""Subscription to the event log: every event once, in order: what is there, and what comes, from whichever process.

One thread a store waits for its feed and wakes all who follow, so an idle follower costs no thread, and one that is
cancelled holds nothing up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from chatdoc.model.deferred_module import DeferredModule
from chatdoc.model.errors import ChatdocError, StoreError
from chatdoc.model.events.event import Event
from chatdoc.store.ports import Feed

if TYPE_CHECKING:
    import asyncio
else:  # Who follows from a thread never loads it.
    asyncio = DeferredModule("asyncio")

LOOK_S = 1.0
"""So often those who follow look at the log without having been woken: a feed that says nothing delays them so long."""
REST_S = 0.002
"""So long a watcher rests after it woke all: who writes much is not stopped for each of his commits."""

Wake = Callable[[], None]
Read = Callable[[int], Sequence[Event]]
"""The next events beyond a sequence, in order; none when the log ends there."""

_log = logging.getLogger("chatdoc")


class Watcher:
    """The thread that waits for the feed of one store while somebody wants to be woken."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._wakes: list[Wake] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, wake: Wake) -> Callable[[], None]:
        """Call `wake` whenever there may be more, from a thread of its own; returns what ends it."""
        with self._lock:
            self._wakes.append(wake)
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name="chatdoc watcher", daemon=True)
                self._thread.start()

        def remove() -> None:
            with self._lock:
                if wake in self._wakes:
                    self._wakes.remove(wake)

        return remove

    @property
    def is_closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._ended.is_set()

    def close(self) -> None:
        """Wake nobody any more, but once, so that those who wait see the end."""
        self._ended.set()
        self._wake_all()

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                if not self._wakes:
                    self._thread = None
                    return
            try:
                self._feed.wait(LOOK_S)
            except ChatdocError as error:  # What is wrong with the store is told to whoever uses it next.
                _log.debug("the feed of a store cannot be waited for: %s", error)
                self._ended.wait(LOOK_S)
            self._wake_all()
            self._ended.wait(REST_S)

    def _wake_all(self) -> None:
        with self._lock:
            wakes = list(self._wakes)
        for wake in wakes:
            try:
                wake()
            except Exception:
                _log.exception("somebody who follows a store could not be woken")


class Following:
    """Events beyond a sequence, for `for` and `async for`; ends when it or its document is closed.

    Events are read from the log and never handed over from memory, so there is no gap and no overlap between what was
    there and what comes. One thread or task at a time.
    """

    def __init__(self, read: Read, after: int, watcher: Watcher) -> None:
        self.sequence = after
        """The last event that was given."""
        self._read, self._watcher = read, watcher
        self._page: list[Event] = []
        self._woken = threading.Event()
        self._closed = False
        self._wake_task: Wake = lambda: None
        self._remove: Callable[[], None] | None = None

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
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._wake_task = lambda: _wake_in(loop, woken)
        try:
            while True:
                woken.clear()
                event = self._at_hand()
                if event is not None:
                    return event
                if self._is_over:
                    raise StopAsyncIteration
                self._watch()
                await woken.wait()
        finally:
            self._wake_task = lambda: None

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, timeout_s: float | None = None) -> Event | None:
        """The next event, when it comes; None once this is closed, or after so many seconds without one."""
        rest = timeout_s
        while True:
            self._woken.clear()
            event = self._at_hand()
            if event is not None or self._is_over or (rest is not None and rest <= 0):
                return event
            self._watch()
            step = LOOK_S if rest is None else min(rest, LOOK_S)
            self._woken.wait(step)
            # Without a clock the rest is counted in whole waits; one that was cut short by a wake costs at most itself.
            rest = None if rest is None else rest - step

    def wake(self) -> None:
        """Look at the log now: something was stored."""
        self._woken.set()
        self._wake_task()

    def close(self) -> None:
        """End this; whoever waits is let go."""
        if not self._closed:
            self._closed = True
            if self._remove is not None:
                self._remove()
            self.wake()

    @property
    def _is_over(self) -> bool:
        return self._closed or self._watcher.is_closed

    def _watch(self) -> None:
        """Be woken from now on. What was stored just before is found by looking once more, at the first wake."""
        if self._remove is None:
            self._remove = self._watcher.add(self.wake)
            self.wake()

    def _at_hand(self) -> Event | None:
        if not self._page and not self._is_over:
            try:
                self._page = list(reversed(self._read(self.sequence)))
            except StoreError:
                if not self._is_over:
                    raise
        if not self._page or self._is_over:
            return None
        event = self._page.pop()
        self.sequence = event.sequence
        return event


def _wake_in(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(woken.set)
    except RuntimeError:  # The loop has ended, and with it who waited.
        return
