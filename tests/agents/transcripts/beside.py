"""A stored document whose transcripts are written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chatdoc.agents.transcripts import Transcripts
from chatdoc.document import Document
from chatdoc.store.ledger.log_turns import turns_of
from chatdoc.store.ledger.project import thread_uuid
from migrate.transcript.turn import TranscriptTurn


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
    log = document.log
    return {
        thread_uuid(one.thread_id): turns_of(log.replay_thread(one.thread_id)) for one in document.threads()
    }


def transcripts_of(document: Document, folder: Path) -> Transcripts:
    """The transcripts of a document, below a folder."""

    def thread_ids() -> list[str]:
        return [one.thread_id for one in document.threads()]

    return Transcripts(document.log, folder, thread_ids=thread_ids, subscribe=document.subscribe_log)
