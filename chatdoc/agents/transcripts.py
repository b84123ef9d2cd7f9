"""Dual write of turns: the event log commits first, the thread's transcript follows at each boundary of a turn.

A transcript that cannot be written stops no turn: it is told, and the next boundary brings the file to what the log
says by then. So a file is never ahead of the log, and behind it by what one crash or a failing disk cost.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol

from chatdoc.model.errors import ChatdocError, LogCompacted, NotFound
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import ActivityAppended, MessageSent
from chatdoc.store.ledger.log_turns import turns_of
from chatdoc.store.ledger.project import Project, thread_uuid
from chatdoc.store.ledger.transcript_file import put_turns
from chatdoc.store.projections.replay import Replay

_log = logging.getLogger("chatdoc.transcripts")


class TurnLog(Protocol):
    """What is read of an event log."""

    def events(self, *, from_sequence_exclusive: int = 0) -> Iterable[Event]:
        """Every event beyond a sequence; raises LogCompacted."""
        ...

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn; raises NotFound."""
        ...

    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        ...


class Transcripts:
    """Keeps the transcripts below a folder as the event log of a document says; `with` ends it.

    `subscribe` calls back after every stored change, in the writer's thread, and returns what ends that. What only
    the log is told, by `append_activity` say, is taken with the next change, or by `catch_up`.
    """

    def __init__(
        self,
        log: TurnLog,
        folder: str | os.PathLike[str],
        *,
        thread_ids: Callable[[], Iterable[str]],
        subscribe: Callable[[Callable[[bytes, str], None]], Callable[[], None]],
    ) -> None:
        self.project = Project(folder)
        self.failures: Counter[str] = Counter()
        """How many writes failed, by the kind of the error."""
        self._log = log
        self._lock = threading.RLock()
        self._behind: dict[str, None] = {}
        self._running: set[str] = set()
        self._sequence = log.last_sequence()
        self._unsubscribe = subscribe(self._hear)
        self._thread_ids = thread_ids
        self._behind.update(dict.fromkeys(thread_ids()))
        self.catch_up()

    @property
    def behind(self) -> list[str]:
        """The threads whose transcript could not be brought up to date; none while all is well."""
        with self._lock:
            return list(self._behind)

    def catch_up(self) -> list[str]:
        """Write what the log says beyond the transcripts; returns the threads for which that failed."""
        with self._lock:
            try:
                self._read()
            except LogCompacted as compacted:  # What was folded away may have been a boundary of any thread.
                self._sequence = compacted.through_sequence
                self._behind.update(dict.fromkeys(self._thread_ids()))
            for thread_id in list(self._behind):
                if self._write(thread_id):
                    del self._behind[thread_id]
            return list(self._behind)

    def close(self) -> None:
        """Catch up once more and hear of no further change."""
        self._unsubscribe()
        self.catch_up()

    def _hear(self, _update: bytes, _origin: str) -> None:
        self.catch_up()

    def _read(self) -> None:
        for event in self._log.events(from_sequence_exclusive=self._sequence):
            self._sequence = event.sequence
            if event.aggregate_kind == "thread" and self._is_boundary(event):
                self._behind[event.stream_id] = None

    def _is_boundary(self, event: Event) -> bool:
        """Whether an event can change what a transcript shows; pieces and steps of a running turn cannot."""
        payload = event.payload
        if isinstance(payload, MessageSent):
            return not payload.streaming
        if isinstance(payload, ActivityAppended):
            return payload.activity.turn_id is not None and payload.activity.turn_id not in self._running
        return True

    def _write(self, thread_id: str) -> bool:
        try:
            replay = self._log.replay_thread(thread_id)
            self._running.difference_update(turn.turn_id for turn in replay.turns)
            self._running.update(turn.turn_id for turn in replay.turns if turn.status == "pending")
            if replay.turns:
                put_turns(self.project, thread_uuid(thread_id), turns_of(replay))
        except NotFound:
            return True
        except (ChatdocError, OSError) as error:
            self.failures[type(error).__name__] += 1
            _log.warning("the transcript of thread %s is behind its log: %s", thread_id, error)
            return False
        return True

    def __enter__(self) -> Transcripts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
