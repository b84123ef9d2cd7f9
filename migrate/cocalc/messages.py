"""A message row becomes its header and its later revisions, with ids that keep the order the file had."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Fact, Header, RevisionFact
from chatdoc.model.ids import STAMP_MS_END, RevisionId, derive, is_id, is_ulid, successor, time_ms
from chatdoc.model.view.assemble import derive_revision, first_revision
from migrate.cocalc.chat import INTERRUPTED, Chat, Text

AGENT_FIELDS = ("acp_thread_id", "acp_usage", "acp_account_id", "acp_events")
"""Fields that only an agent leaves; a language model may be interrupted too."""


def message_facts(chat: Chat) -> list[Fact]:
    """The facts of one message, once its thread and what it replies to are settled."""
    first = chat.texts[0]
    header = Header(
        message_id=chat.message_id,
        thread_id=chat.thread_id,
        sender_id=chat.sender,
        date=chat.date,
        reply_to_message_id=chat.target,
        content=first.content,
        revision_id=_early_revision(chat, first),
        author_id=None if first.author_id == chat.sender else first.author_id,
        revised_at=None if first.date == chat.date else first.date,
        assumed=chat.assumed,
        fields=chat.fields,
    )
    if len(chat.texts) == 1 and chat.others is None:
        return [header]
    start = first_revision(header).revision_id
    facts: list[Fact] = [header, *_later(chat, chat.texts[1:], start)]
    for other in chat.others or ():
        facts += _told_too(chat, other, first, start)
    return facts


def is_agent(chat: Chat) -> bool:
    """Whether an agent's turn left its traces on the row."""
    return chat.fields is not None and any(name in chat.fields for name in AGENT_FIELDS)


def is_turn(chat: Chat) -> bool:
    """Whether an agent or a language model wrote the row, and was or may have been interrupted."""
    return (
        chat.was_generating
        or is_agent(chat)
        or (chat.fields is not None and "acp_interrupted" in chat.fields)
    )


def rest(chat: Chat) -> None:
    """Say in the message's fields what is true of it at rest: the key of its log, and that no turn runs any more."""
    if chat.old_message_id not in (None, chat.message_id):
        chat.keep("legacy_message_id", chat.old_message_id)
    if is_agent(chat):
        fields = chat.fields or {}
        if "acp_log_key" not in fields and "acp_events" not in fields:
            chat.keep("acp_log_key", _log_key(chat, fields))
    if chat.was_generating:
        before = (chat.fields or {}).pop("acp_interrupted", None)
        if before is not None and not isinstance(before, bool):
            chat.keep("legacy_acp_interrupted", before)
        chat.keep("acp_interrupted", True)
        assert chat.fields is not None
        chat.fields.setdefault("acp_interrupted_reason", INTERRUPTED)
        chat.note("stale_generating", "the row says it is being generated", "it was interrupted")
    if chat.fields is not None:
        chat.fields = dict(sorted(chat.fields.items()))


def _log_key(chat: Chat, fields: dict[str, Any]) -> str:
    """Where the agent's log of this row is: where it says, by ids where it has them, before that by its dates."""
    thread, turn = fields.get("acp_log_thread"), fields.get("acp_log_turn")
    if isinstance(thread, str) and isinstance(turn, str) and thread and turn:
        return f"{thread}:{turn}"
    thread, message = chat.old_thread_id, chat.old_message_id
    if thread is not None and message is not None and is_id(thread) and is_id(message):
        return f"{thread}:{message}"
    root = chat.date if chat.reply_ms is None else iso(chat.reply_ms)
    return f"{root}:{chat.date}"


def _early_revision(chat: Chat, first: Text) -> RevisionId | None:
    """An id of the first text where the message's own is later than any change may be."""
    own = chat.old_message_id == chat.message_id
    if own and is_ulid(chat.message_id) and time_ms(chat.message_id) >= STAMP_MS_END:
        return derive_revision(chat.message_id, first.date, first.author_id, first.content)
    return None


def _later(chat: Chat, texts: list[Text], last: str) -> list[Fact]:
    """Ids derived from the text alone where that is above the one before; else just above that."""
    facts: list[Fact] = []
    for text in texts:
        own = derive("revision", ms_of(text.date), chat.message_id, text.author_id, text.content)
        last = own if own > last else successor(last)
        facts.append(_revision(chat, text, last))
    return facts


def _told_too(chat: Chat, other: Chat, first: Text, start: str) -> list[Fact]:
    """The texts of a further row of the message, as a copy that held this row alone would have them."""
    oldest = other.texts[0]
    facts = _later(chat, other.texts[1:], start)
    if oldest != first:
        own = derive_revision(chat.message_id, oldest.date, oldest.author_id, oldest.content)
        facts.append(_revision(chat, oldest, own))
    return facts


def _revision(chat: Chat, text: Text, revision_id: str) -> RevisionFact:
    return RevisionFact(
        message_id=chat.message_id,
        revision_id=RevisionId(revision_id),
        author_id=text.author_id,
        content=text.content,
        date=text.date,
    )
