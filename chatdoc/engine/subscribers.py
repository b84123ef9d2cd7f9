"""Subscribers hear of everything once it is stored, in order and outside all locks, and none of them can harm it.

Whoever stores something delivers what waits; while another thread delivers, it leaves its own to that one. So a
subscriber may wait for a thread that writes, and may write itself.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVarTuple, Unpack

_log = logging.getLogger("chatdoc")

Subscriber = Callable[[bytes, str], None]
"""Is called with an update and who caused it."""
LogSubscriber = Callable[[int], None]
"""Is called with the sequence that the event log has reached."""
News = TypeVarTuple("News")


class Subscribers(Generic[*News]):
    """Those who want to hear of something, in the order they came, and what they have not heard yet."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Unpack[News]], None]] = []
        self._waiting: deque[tuple[*News]] = deque()
        self._delivering = threading.RLock()

    def __len__(self) -> int:
        return len(self._subscribers)

    def add(self, subscriber: Callable[[Unpack[News]], None]) -> Callable[[], None]:
        """Tell a subscriber of all that is stored from now on; returns what ends it."""
        if not callable(subscriber):
            raise TypeError(f"expected a function to call, got {type(subscriber).__name__}")
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe

    def put(self, *news: *News) -> None:
        """Let something wait for delivery; whoever puts it delivers once it holds no lock."""
        if self._subscribers:
            self._waiting.append(news)

    def deliver(self) -> None:
        """Tell what waits, unless that is being done; a subscriber that fails is logged, the others still hear it."""
        if not self._waiting or self._is_ours():
            return
        try:
            if self._delivering.acquire(blocking=False):
                while self._waiting:
                    self._tell(*self._waiting.popleft())
        finally:
            # Not `suppress`: calling it is a moment at which an interrupt could leave the lock taken for ever.
            try:  # noqa: SIM105
                self._delivering.release()
            except RuntimeError:  # Another thread has it.
                pass

    def _is_ours(self) -> bool:
        """Whether this very thread is delivering: a subscriber has written something."""
        owned: bool = self._delivering._is_owned()  # type: ignore[attr-defined]
        return owned

    def _tell(self, *news: *News) -> None:
        for subscriber in list(self._subscribers):
            try:
                subscriber(*news)
            except Exception:
                _log.exception("a subscriber failed; what it was told of is stored")
