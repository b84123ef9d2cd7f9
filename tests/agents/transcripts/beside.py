"""A stored document whose transcripts are written beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatdoc.agents.transcripts import Transcripts
from chatdoc.document import Document
from chatdoc.model.events.event import Event
from chatdoc.store.ledger.log_turns import turns_of
from chatdoc.store.ledger.project import thread_uuid
from chatdoc.store.projections.replay import Replay
from migrate.transcript.turn import TranscriptTurn


class LogOf:
    """The event log of an open document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def events(self, *, from_sequence_exclusive: int = 0) -> Iterator[Event]:
        """Every event beyond a sequence."""
        return self.document.replay(from_sequence_exclusive=from_sequence_exclusive)

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread."""
        return self.document.log.replay_thread(thread_id, limit=limit)

    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        return max(one.last_applied_sequence + one.behind for one in self.document.log.projections())


def tell_activity(
    document: Document, thread_id: str, turn_id: str, *, kind: str, summary: str, payload: Any = None
) -> None:
    """Tell the log what an agent did in a turn."""
    document.agents.append_activity(thread_id, kind=kind, summary=summary, payload=payload, turn_id=turn_id)


def compact_log(document: Document) -> None:
    """Fold the log away."""
    document.log.compact(dry_run=False)


def turns_told(document: Document) -> dict[str, list[TranscriptTurn]]:
    """The turns that the log tells of each thread, by the id that the thread has in transcripts."""
    log = LogOf(document)
    return {
        thread_uuid(one.thread_id): turns_of(log.replay_thread(one.thread_id)) for one in document.threads()
    }


def transcripts_of(document: Document, folder: Path) -> Transcripts:
    """The transcripts of a document, below a folder."""

    def thread_ids() -> list[str]:
        return [one.thread_id for one in document.threads()]

    return Transcripts(LogOf(document), folder, thread_ids=thread_ids, subscribe=document.subscribe)
