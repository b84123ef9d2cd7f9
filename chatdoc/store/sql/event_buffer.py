"""Write buffer: events of the open transaction are inserted and folded at once, before COMMIT or before anybody asks.

A reader never sees an event without its rows, and within the transaction each question finds all that it has appended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, TypeVar

from chatdoc.model.events.event import Event
from chatdoc.store.projections.fold import Folded, fold
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.database import Catalog, Database, Version
from chatdoc.store.sql.open_calls import is_on_stack

INSERT = f"INSERT INTO orchestration_events VALUES ({', '.join('?' * 14)})"
EVENTS_MAX = 2_000
"""So many are gathered at most; a log that begins has hundreds of thousands."""

Answer = TypeVar("Answer")
Row = tuple[Any, ...]
Mark = tuple[list[Row], list[Event], int, Folded | None]


class EventBuffer:
    """Events that are appended and not in their table yet; used by the one thread that has a transaction open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.read_events: Callable[[int, int], list[Event]] = lambda after, limit: []
        """How the log is read, for projectors that lag."""
        self._folded: Folded | None = None
        """What is known of the folded tables in the open transaction."""
        self._kept: tuple[Version, Folded | None] | None = None
        """The same as of our last COMMIT, and as of which commits of others."""
        self._call: FrameType | None = None
        self.let_go()

    def begin(self, call: FrameType, version: Version) -> None:
        """Begin the transaction of a call: what one that was refused or cut off has left is nobody's."""
        kept, self._kept = self._kept, None
        self.let_go()
        self._call = call
        self._folded = kept[1] if kept is not None and kept[0] == version else None

    def let_go(self) -> None:
        """Let go of the call, and of what it has left; its frame, kept, would be garbage in a circle."""
        self._call = None
        self._rows: list[Row] = []
        self._events: list[Event] = []
        self._fault: Exception | None = None

    @property
    def knows_folded(self) -> bool:
        """Whether a transaction that begins now need not look at the folded tables, unless others have written."""
        return self._kept is not None and self._kept[1] is not None

    def committed(self, version: Version) -> None:
        """Keep what is known for the next transaction."""
        self._kept = version, self._folded

    def forget(self) -> None:
        """Hear that somebody here writes to the folded tables by himself."""
        self._folded = self._kept = None

    def add(self, rows: Sequence[Row], events: Sequence[Event]) -> None:
        """Append events, each with its row."""
        self._rows += rows
        self._events += events
        if len(self._rows) >= EVENTS_MAX:
            self.settle()

    def settle(self) -> None:
        """Insert and fold what was gathered; raises StoreError, and the transaction then ends with it.

        Nothing is done where the call whose transaction gathered it has ended.
        """
        if self._rows and is_on_stack(self._call):
            self._settle()

    def end(self) -> None:
        """Settle before COMMIT; raises the error of an earlier settling that a piece of work has hidden."""
        if self._rows:
            self._settle()
        if self._fault is not None:
            raise self._fault

    def mark(self) -> Mark:
        """The place before a piece of work that may be undone alone."""
        return self._rows, self._events, len(self._rows), self._folded

    def back(self, mark: Mark) -> None:
        """Be as at a mark, also where a question of the undone work had settled what was gathered before it."""
        self._rows, self._events, count, self._folded = mark
        del self._rows[count:], self._events[count:]

    def _settle(self) -> None:
        rows, events = self._rows, self._events
        self._rows, self._events = [], []
        connection = self._database.connection()
        try:
            if len(rows) == 1:
                connection.execute(INSERT, rows[0])
            else:
                connection.executemany(INSERT, rows)
            self._folded = fold(
                connection.execute, events, self.read_events, connection.executemany, self._folded
            )
        except self._database.faults as error:
            self._fault = self._database.failed(error, "append or fold events")
            raise self._fault from error
        except Exception as error:
            self._fault = error
            raise


class SettledTables:
    """The tables of the event log and of what is folded from it, as whoever asks must find them."""

    def __init__(self, database: Database, buffer: EventBuffer) -> None:
        self._database, self._buffer = database, buffer

    @property
    def name(self) -> str:
        """What errors call the database."""
        return self._database.name

    @property
    def start_over(self) -> str:
        """What to do where it is damaged."""
        return self._database.start_over

    @property
    def catalog(self) -> Catalog:
        """What the database knows beyond common words."""
        self._buffer.settle()
        return self._database.catalog

    def rows(self, question: str, values: Sequence[Any], doing: str) -> list[tuple[Any, ...]]:
        """All rows that a question has; errors come out as StoreError."""
        self._buffer.settle()
        return self._database.rows(question, values, doing)

    def ask(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """See `Tables`."""
        self._buffer.settle()
        return self._database.ask(read, doing)

    def ask_at_one_moment(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """See `Tables`."""
        self._buffer.settle()
        return self._database.ask_at_one_moment(read, doing)

    def change(self, work: Callable[[Execute, ExecuteMany], Answer], doing: str) -> Answer:
        """See `Tables`."""
        self._buffer.settle()

        def alone(execute: Execute, executemany: ExecuteMany) -> Answer:
            self._buffer.forget()
            return work(execute, executemany)

        return self._database.change(alone, doing)
