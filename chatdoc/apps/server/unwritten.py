"""Unwritten text: why what a served document says does not reach its file, told with every integrity report.

Nothing is lost meanwhile, for its store has each change; but whoever copies or commits the file has none of it.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from chatdoc.apps.server.client_words import client_words
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from invariants.report import IntegrityReport

_GONE = {
    "deleted": "{name} was deleted while it was open. {kept}",
    "moved": "{name} was renamed while it was open. What is written here is kept, and shown under the new name too",
    "replaced": "{name} was replaced while it was open, by another chat or by what is no chat. {kept}",
}
_KEPT = "What is written here is kept in its store; `chatdoc recover {name}` gives it back"


def why_unwritten(doc: Document, name: str, folder: Path, failure: Exception | None) -> str | None:
    """Why the text cannot be written, `failure` where its last save met one; None while nothing is in the way."""
    try:
        state = doc.file_state
    except (ChatdocError, OSError) as error:
        failure = failure or error
    else:
        if state in _GONE:
            return _GONE[state].format(name=name, kept=_KEPT.format(name=name))
    return None if failure is None else client_words(str(failure), folder)


def has_lost_its_file(doc: Document) -> bool:
    """Whether its file was deleted, renamed or replaced, or cannot be told, so that no save writes it."""
    try:
        return doc.file_state in _GONE
    except (ChatdocError, OSError):
        return True


def report_as_json(report: IntegrityReport, unwritten: str | None) -> bytes:
    """An integrity report as clients get it."""
    return msgspec.json.encode({**msgspec.structs.asdict(report), "unwritten": unwritten})
