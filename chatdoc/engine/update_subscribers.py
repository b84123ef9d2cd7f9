"""Subscribers to updates hear of each entry of the update log once, in its order, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chatdoc.engine.subscribers import Subscriber, Subscribers
from chatdoc.store.ports import Entry


class UpdateSubscribers:
    """Those who want to hear of updates, and how far they were told."""

    def __init__(self) -> None:
        self._subscribers: Subscribers[bytes, str] = Subscribers()
        self.told = 0
        """The last entry of the log that was told."""
        self.deliver = self._subscribers.deliver
        """Hand over what waits, unless another thread does."""

    def add(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell a subscriber of all that is stored from now on; returns what ends it."""
        return self._subscribers.add(subscriber)

    def tell(self, entries: Iterable[Entry]) -> None:
        """Let entries of the log wait for delivery, each once; whoever tells delivers once it holds no lock."""
        for entry in entries:
            if entry.sequence > self.told:
                self._subscribers.put(entry.update, entry.origin)
                self.told = entry.sequence
