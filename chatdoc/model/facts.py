"""A fact is written once and never changes; a document is the set of its facts, and merging is union.

An edit adds a fact with a greater stamp, and reading takes the greatest. The value of a fact says everything,
its key in the Y document is computed from the value (`replica/layout.py`), so a key has one valid value only.
Field order here is the canonical order of the JSON text and may not change.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Revision
from chatdoc.model.records.thread_state import State


class DocumentFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A field of the document itself: `document_id`, `schema_version`, `migration`; several values may stand."""

    field: str
    value: Any


class ThreadFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The identity of a thread. Copies of one legacy file may differ in it: the ones not `assumed` go before."""

    thread_id: ThreadId
    created_at: str
    created_by: str
    root_message_id: MessageId
    schema_version: int = 2
    assumed: bool = False
    extra: dict[str, Any] | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A message with its first revision; what equals the row's own sender, date or id is left out.

    `fields` holds what a message row may carry besides (`generating`, `acp_usage`, unknown ones); a mark of the
    same name overrides it.
    """

    message_id: MessageId
    thread_id: ThreadId
    sender_id: str
    date: str
    reply_to_message_id: MessageId | None = None
    content: str = ""
    revision_id: RevisionId | None = None
    author_id: str | None = None
    revised_at: str | None = None
    assumed: bool = False
    fields: dict[str, Any] | None = None


class RevisionFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A later text of a message."""

    message_id: MessageId
    revision_id: RevisionId
    author_id: str
    content: str
    date: str

    @property
    def revision(self) -> Revision:
        return Revision(
            revision_id=self.revision_id, author_id=self.author_id, content=self.content, date=self.date
        )


class SettingFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who set one field of a thread, to what; its time is the stamp's. None clears. `acp_config.model` is a field.

    The field `deleted` (true or false) deletes and restores the thread.
    """

    thread_id: ThreadId
    field: str
    stamp: Stamp
    value: Any
    by: str


class MarkFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A later value of one field of a message (`deleted`, `generating`, `reply_to_message_id`, `acp_…`)."""

    message_id: MessageId
    field: str
    stamp: Stamp
    value: Any
    by: str


class StateFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A thread's state, its fields together; the greatest stamp holds."""

    thread_id: ThreadId
    stamp: Stamp
    state: State
    updated_at: str
    active_message_id: MessageId | None = None
    extra: dict[str, Any] | None = None


class PieceFact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a streaming answer, in the order of `seq`, until the turn ends and a revision holds it all."""

    message_id: MessageId
    seq: int
    text: str


Fact: TypeAlias = (
    DocumentFact
    | ThreadFact
    | Header
    | RevisionFact
    | SettingFact
    | MarkFact
    | StateFact
    | PieceFact
    | AtticRow
)

LASTING = (DocumentFact, ThreadFact, Header, RevisionFact, SettingFact, AtticRow)
"""Facts that are never removed; the others go once a greater stamp, or the finished answer, supersedes them."""
