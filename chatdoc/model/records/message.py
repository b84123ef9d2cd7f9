"""A message keeps every revision it ever had; the newest is what is shown."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.ids import MessageId, RevisionId, ThreadId


class Revision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One text of a message; concurrent ones are all kept, the greatest `revision_id` is shown."""

    revision_id: RevisionId
    author_id: str
    content: str
    date: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `history` is newest first and never empty in a document, `sender_id` is empty when nobody knows."""

    message_id: MessageId
    thread_id: ThreadId
    sender_id: str
    date: str
    reply_to_message_id: MessageId | None = None
    history: tuple[Revision, ...] = ()
    generating: bool = False
    acp_thread_id: str | None = None
    acp_usage: dict[str, Any] | None = None
    acp_interrupted: bool | None = None
    acp_interrupted_reason: str | None = None
    acp_interrupted_text: str | None = None
    deleted_at: str | None = None
    deleted_by: str | None = None
    assumed: bool = False
    """True for a placeholder: others name this message, and its own row was never seen."""
    extra: dict[str, Any] = {}
    """Fields of other software, kept as they came."""

    @property
    def content(self) -> str:
        """The text to show: that of the newest revision."""
        return self.history[0].content if self.history else ""
