"""Table of a document for notebooks: a row a thread, and whether a rule is broken."""

from __future__ import annotations

from pathlib import Path

from chatdoc.engine.reader import Reader
from chatdoc.model.html_table import html_table
from chatdoc.model.records.thread import Thread
from invariants.report import IntegrityReport


def document_html(reader: Reader, path: Path | None, report: IntegrityReport) -> str:
    """The threads that are not deleted, by creation date."""
    rows = [_row(reader, one) for one in reader.threads()]
    name = path.name if path is not None else "A chat in memory"
    caption = f"{name}: {len(rows)} threads, integrity {'clean' if report.ok else 'broken'}"
    return html_table(caption, ("thread", "name", "messages", "created", "by", "state"), rows)


def _row(reader: Reader, thread: Thread) -> tuple[object, ...]:
    state = reader.state(thread.thread_id)
    return (
        thread.thread_id,
        reader.config(thread.thread_id).name,
        len(reader.view.messages_of(thread.thread_id)),
        thread.created_at,
        thread.created_by,
        None if state is None else state.state,
    )
