"""Dual write of turns: the event log commits first, the thread's transcript follows at each boundary of a turn.

A transcript that cannot be written stops no turn: it is told, and the next boundary brings the file to what the log
says by then. So a file is never ahead of the log, and behind it by what one crash or a failing disk cost.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from chatdoc.agents.turn_boundaries import ThreadBoundaries
from chatdoc.model.errors import ChatdocError, LogCompacted, NotFound
from chatdoc.model.events.event import Event
from chatdoc.store.ledger.log_turns import turn_of, turns_of
from chatdoc.store.ledger.project import Project, thread_uuid
from chatdoc.store.ledger.transcript_writer import TranscriptWriter
from chatdoc.store.projections.replay import Replay, ReplayTurn, TurnParts
from chatdoc.store.projections.row_types import Turn

_log = logging.getLogger("chatdoc.transcripts")


class TurnLog(Protocol):
    """What is read of an event log."""

    def events(self, *, from_sequence_exclusive: int = 0) -> Iterable[Event]:
        """Every event beyond a sequence; raises LogCompacted."""
        ...

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn; raises NotFound."""
        ...

    def replay_turns(self, parts: Mapping[str, TurnParts]) -> list[ReplayTurn]:
        """Some turns, by what belongs to each."""
        ...

    def turns(self, thread_id: str) -> list[Turn]:
        """The turns of a thread without their texts."""
        ...

    def turn_ids(self, thread_id: str) -> set[str]:
        """Every turn that anything of a thread belongs to, also those that a revert hides."""
        ...

    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        ...


class Transcripts:
    """Keeps the transcripts below a folder as the event log of a document says; `with` ends it.

    `subscribe` calls back after each growth of the event log, in the writer's thread, and returns what ends that.
    A boundary costs the writing of its file, however many turns the thread has.
    """

    def __init__(
        self,
        log: TurnLog,
        folder: str | os.PathLike[str],
        *,
        thread_ids: Callable[[], Iterable[str]],
        subscribe: Callable[[Callable[[int], None]], Callable[[], None]],
    ) -> None:
        self.project = Project(folder)
        self.failures: Counter[str] = Counter()
        """How many writes failed, by the kind of the error."""
        self._log = log
        self._writer = TranscriptWriter(self.project)
        self._lock = threading.RLock()
        self._behind: dict[str, None] = {}
        self._threads: dict[str, ThreadBoundaries] = {}
        self._heard = False
        self._sequence = log.last_sequence()
        self._thread_ids = thread_ids
        self._unsubscribe = subscribe(self._hear)
        self._all_behind()
        self.catch_up()

    @property
    def behind(self) -> list[str]:
        """The threads whose transcript could not be brought up to date; none while all is well."""
        return list(self._behind)  # Without the lock, for it is held while files are written.

    def catch_up(self) -> list[str]:
        """Write what the log says beyond the transcripts; returns the threads for which that failed."""
        with self._lock:
            self._catch_up()
        self._go_on()  # Who wrote meanwhile has left it to this thread.
        return self.behind

    def close(self) -> None:
        """Catch up once more and hear of no further change; a log that cannot be read is told and stops nobody."""
        self.leave()
        try:
            self.catch_up()
        except ChatdocError as error:
            self.failures[type(error).__name__] += 1
            _log.warning("the transcripts in %s are behind their log: %s", self.project.path, error)

    def leave(self) -> None:
        """Hear of no further change; the next to attach writes what was missed."""
        self._unsubscribe()

    def _hear(self, _sequence: int) -> None:
        """Catch up, unless another thread is doing that and goes on with this: no writer waits for another's file."""
        self._heard = True
        self._go_on()

    def _go_on(self) -> None:
        while self._heard and self._lock.acquire(blocking=False):
            try:
                self._heard = False
                self._catch_up()
            finally:
                self._lock.release()

    def _catch_up(self) -> None:
        try:
            self._read()
        except LogCompacted as compacted:  # What was folded away may have been a boundary of any thread.
            self._sequence = compacted.through_sequence
            self._all_behind()
        for thread_id in list(self._behind):
            if self._write(thread_id):
                del self._behind[thread_id]

    def _all_behind(self) -> None:
        for thread_id in self._thread_ids():
            self._behind[thread_id] = None
            self._threads.setdefault(thread_id, ThreadBoundaries())
        for boundaries in self._threads.values():
            boundaries.all_due = True

    def _read(self) -> None:
        for event in self._log.events(from_sequence_exclusive=self._sequence):
            self._sequence = event.sequence
            if event.aggregate_kind == "thread":
                boundaries = self._threads.setdefault(event.stream_id, ThreadBoundaries())
                boundaries.follow(event)
                if boundaries.is_due:
                    self._behind[event.stream_id] = None

    def _write(self, thread_id: str) -> bool:
        boundaries = self._threads[thread_id]
        try:
            if boundaries.all_due:
                # In this order: a turn that begins in between is then read again, and not taken for one that is known.
                rows, mentioned = self._log.turns(thread_id), self._log.turn_ids(thread_id)
                turns = self._log.replay_thread(thread_id).turns
            else:
                rows, mentioned = None, set[str]()
                turns = self._log.replay_turns(boundaries.due())
            if turns:
                self._writer.put(
                    thread_uuid(thread_id),
                    [turn_of(one) for one in turns],
                    every=lambda: turns_of(self._log.replay_thread(thread_id)),
                )
        except NotFound:
            return True
        except (ChatdocError, OSError) as error:
            self.failures[type(error).__name__] += 1
            _log.warning("the transcript of thread %s is behind its log: %s", thread_id, error)
            return False
        if rows is not None:
            boundaries.read_all(rows, mentioned)
        else:
            boundaries.read_due(turns)
        return True

    def __enter__(self) -> Transcripts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
