"""A message row becomes its header and its later revisions, with ids that keep the order the file had."""

from __future__ import annotations

from typing import Any

from chatdoc.ids import RevisionId, derive, is_ulid, successor
from chatdoc.records.facts import Fact, Header, RevisionFact
from migrate.cocalc.chat import INTERRUPTED, Chat, Text

AGENT_FIELDS = ("acp_thread_id", "acp_usage", "acp_account_id", "acp_interrupted", "acp_events")


def message_facts(chat: Chat, root_date: str) -> list[Fact]:
    """The facts of one row, once its thread and what it replies to are settled."""
    fields = _settled(chat, root_date)
    texts = chat.texts or [Text(chat.sender, "", chat.ms, chat.date)]
    first = texts[0]
    header = Header(
        message_id=chat.message_id,
        thread_id=chat.thread_id,
        sender_id=chat.sender,
        date=chat.date,
        reply_to_message_id=chat.target,
        content=first.content,
        author_id=None if first.author == chat.sender else first.author,
        revised_at=None if first.date == chat.date else first.date,
        assumed=chat.assumed,
        fields=fields or None,
    )
    if len(texts) == 1:
        return [header]
    facts: list[Fact] = [header]
    last: str = chat.message_id
    if not is_ulid(last):
        last = derive("revision", first.ms or 0, chat.message_id, first.author, first.content)
    for text in texts[1:]:
        last = _later_id(chat, text, last)
        facts.append(
            RevisionFact(
                message_id=chat.message_id,
                revision_id=RevisionId(last),
                author_id=text.author,
                content=text.content,
                date=text.date,
            )
        )
    return facts


def is_agent(chat: Chat) -> bool:
    """Whether an agent's turn left its traces on the row."""
    return any(name in chat.fields for name in AGENT_FIELDS)


def _later_id(chat: Chat, text: Text, last: str) -> str:
    """Derived from the text alone where that is above the one before; else just above that."""
    own = derive("revision", text.ms or 0, chat.message_id, text.author, text.content)
    return own if own > last else successor(last)


def _settled(chat: Chat, root_date: str) -> dict[str, Any]:
    """The row's further fields at rest: a turn that was running when the file was written is interrupted."""
    fields = chat.fields
    if chat.was_generating:
        fields["acp_interrupted"] = True
        fields.setdefault("acp_interrupted_reason", INTERRUPTED)
        chat.notes.append(("stale_generating", "the row says it is being generated", "it was interrupted"))
    if is_agent(chat) and "acp_log_key" not in fields and "acp_events" not in fields:
        fields["acp_log_key"] = f"{root_date}:{chat.date}"
    return dict(sorted(fields.items())) if fields else fields
