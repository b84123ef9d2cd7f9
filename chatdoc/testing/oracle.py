"""Whatever a replica once showed, every replica shows in the end: a model of what was acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from chatdoc.document import Document
from chatdoc.model.facts import MarkFact
from chatdoc.model.records.message import Revision
from chatdoc.model.records.thread_config import ConfigChange
from chatdoc.model.view.assemble import build_history

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Said(NamedTuple):
    """One text a message was shown with. Its id is not part of it: copies of one file may have named it apart."""

    author_id: str
    date: str
    content: str


class Oracle:
    """Remembers every text, setting and deletion that any document showed after a command."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        self.texts: dict[str, set[Said]] = {}
        self.settings: dict[str, dict[bytes, ConfigChange]] = {}
        self.deletions: dict[str, MarkFact] = {}

    def see_thread(self, document: Document, thread_id: str) -> None:
        """Remember a thread, who configured what in it, and its messages."""
        self.threads.add(thread_id)
        changes = self.settings.setdefault(thread_id, {})
        for change in document.config_history(thread_id):
            changes[_canonical(change)] = change
        for message in document.messages(thread_id, deleted=True):
            self.see_message(document, message.message_id)

    def see_message(self, document: Document, message_id: str) -> None:
        """Remember every text of a message, and whether it is deleted."""
        said = self.texts.setdefault(message_id, set())
        assumed = document.message(message_id).assumed
        for revision in _history(document, message_id):
            if assumed and not (revision.author_id or revision.content):
                continue  # A placeholder stands in for what somebody said, and says nothing itself.
            said.add(Said(revision.author_id, revision.date, revision.content))
        mark = document.view.mark(message_id, "deleted")
        if mark is not None:
            last = self.deletions.get(message_id)
            self.deletions[message_id] = mark if last is None else max(last, mark, key=lambda one: one.stamp)

    def missing_from(self, document: Document) -> Iterator[str]:
        """What was acknowledged and this document does not show, in words."""
        for thread_id in sorted(self.threads):
            if not document.view.has_thread(thread_id):
                yield f"thread {thread_id} is gone"
                continue
            kept = {_canonical(change) for change in document.config_history(thread_id)}
            for text, change in sorted(self.settings.get(thread_id, {}).items()):
                if text not in kept:
                    yield f"thread {thread_id}: setting {change.field} of {change.at} by {change.by!r} is gone"
        for message_id, said in sorted(self.texts.items()):
            if not document.view.has_message(message_id):
                yield f"message {message_id} is gone"
                continue
            shown = {Said(one.author_id, one.date, one.content) for one in _history(document, message_id)}
            for one in sorted(said - shown):
                yield f"message {message_id}: the text {one.content!r} of {one.date} by {one.author_id!r} is gone"
        for message_id, mark in sorted(self.deletions.items()):
            present = document.view.mark(message_id, "deleted")
            if present is None or present.stamp < mark.stamp:
                yield f"message {message_id}: what {mark.by!r} said of its deletion is gone"

    def invented_by(self, document: Document) -> Iterator[str]:
        """What this document shows and nobody wrote, in words."""
        for thread in document.threads(deleted=True):
            if thread.thread_id not in self.threads:
                yield f"thread {thread.thread_id} came from nowhere"
            for change in document.config_history(thread.thread_id):
                if _canonical(change) not in self.settings.get(thread.thread_id, {}):
                    yield f"thread {thread.thread_id}: setting {change.field} by {change.by!r} came from nowhere"
        for message_id in sorted(document.view.message_ids()):
            said = self.texts.get(message_id, set())
            for revision in _history(document, message_id):
                if Said(revision.author_id, revision.date, revision.content) not in said:
                    yield f"message {message_id}: the text {revision.content!r} came from nowhere"


def _history(document: Document, message_id: str) -> Sequence[Revision]:
    """The texts of a message; what is being streamed is shown and not yet said."""
    view = document.view
    return build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))
