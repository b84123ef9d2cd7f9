"""Document identity: a file is a document's own by what it says, never by where it lies.

Another document id, another id of a Jupyter chat, or no record in common make it another document.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.view.view import View
from migrate import migrate, sniff
from migrate.v2.merge_external import document_ids

_JUPYTER = "jupyter.metadata"


def is_another(view: View, source: bytes) -> bool:
    """Whether a file's bytes are another document than the one in view; raises UnreadableFile for what is no chat."""
    if not source.strip():
        return False
    if sniff(source) == "v2" and (said := set(document_ids(source))):
        return said.isdisjoint(view.document_values.get("document_id", ()))
    facts = migrate(source).facts
    theirs, ours = _jupyter_ids(facts), _jupyter_ids_of(view)
    if theirs and ours:
        return theirs.isdisjoint(ours)
    records = _records(facts)
    return bool(records) and records.isdisjoint(view.headers.keys() | view.thread_facts.keys())


def no_chat_any_more(path: Path, error: UnreadableFile) -> UnreadableFile:
    """The error for a file that has a document in its store, and holds what is no chat."""
    return UnreadableFile(
        f"{path} was replaced by what is no chat ({str(error).removesuffix(f'. {error.hint}')})",
        hint=f"Its document is in its store: `chatdoc recover {path.name}` gives the text back",
    )


def _records(facts: Iterable[Fact]) -> set[str]:
    """The threads and messages that facts speak of."""
    found: set[str] = set()
    for fact in facts:
        for field in ("thread_id", "message_id"):
            value = getattr(fact, field, None)
            if value is not None:
                found.add(str(value))
    return found


def _jupyter_ids(facts: Iterable[Fact]) -> set[str]:
    values = [one.value for one in facts if isinstance(one, DocumentFact) and one.field == _JUPYTER]
    return set(_ids(values))


def _jupyter_ids_of(view: View) -> set[str]:
    return set(_ids(view.document_values.get(_JUPYTER, ())))


def _ids(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            yield value["id"]
