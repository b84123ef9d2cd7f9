"""Every event a store told is kept in memory: no version is left out, none changes, and all can be folded anew."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import SessionSet
from chatdoc.store.ports import EventLog


class History:
    """The events of one store from its first one on, whatever a compaction removes there."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sessions: dict[str, int] = {}
        """The last event that told the session of a thread."""
        self._sequences: list[int] = []
        self._versions: dict[tuple[str, str], int] = {}
        self._ids: set[str] = set()

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        return self._sequences[-1] if self._sequences else 0

    def follow(self, log: EventLog) -> None:
        """Take the new events; raises AssertionError for a version that is left out or an event id used twice."""
        for event in _all(log, self.last_sequence):
            stream = (event.aggregate_kind, event.stream_id)
            expected = self._versions.get(stream, -1) + 1
            assert event.stream_version == expected, (
                f"event {event.sequence} is version {event.stream_version} of stream {event.stream_id}, which has "
                f"reached {expected - 1}"
            )
            assert event.event_id not in self._ids, f"event id {event.event_id} was used before"
            self._versions[stream] = expected
            self._ids.add(event.event_id)
            self.events.append(event)
            if isinstance(event.payload, SessionSet):
                self.sessions[event.stream_id] = event.sequence
            self._sequences.append(event.sequence)

    def read(self, after: int, limit: int) -> Sequence[Event]:
        """The next events beyond a sequence, as a store gives them."""
        start = bisect_right(self._sequences, after)
        return self.events[start : start + limit]


def _all(log: EventLog, after: int) -> Iterator[Event]:
    while page := log.read(after):
        yield from page
        after = page[-1].sequence
