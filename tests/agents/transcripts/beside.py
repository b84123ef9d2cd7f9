"""A stored document whose transcripts are written beside it."""

from __future__ import annotations

from pathlib import Path

from chatdoc.agents.transcripts import Transcripts
from chatdoc.document import Document


def transcripts_of(document: Document, folder: Path) -> Transcripts:
    """The transcripts of a document, below a folder."""

    def thread_ids() -> list[str]:
        return [one.thread_id for one in document.threads()]

    return Transcripts(document, folder, thread_ids=thread_ids, subscribe=document.subscribe)
