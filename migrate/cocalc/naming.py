"""Messages get ids from what they are: their own where they have a fit one, else from millisecond and sender."""

from __future__ import annotations

import re
from collections import defaultdict

from chatdoc.ids import MessageId, ThreadId, derive, is_id
from migrate.cocalc.chat import Chat

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_MS = re.compile(r"\d{5,15}")


def name_messages(chats: list[Chat]) -> None:
    """Set every row's `message_id`.

    Rows of one sender and millisecond that are different messages are told apart by their oldest text; the same
    message in an old and a new row is one. Nothing else of the file has a say.
    """
    moments: dict[tuple[int | None, str], list[Chat]] = defaultdict(list)
    for chat in chats:
        moments[chat.ms, chat.sender].append(chat)
    for (ms, sender), fellows in moments.items():
        nameless = [chat for chat in fellows if not _own(chat)]
        for chat in fellows:
            if chat not in nameless:
                chat.message_id = _own_id(chat)
        if not nameless:
            continue
        named = {chat.oldest: chat.message_id for chat in fellows if chat not in nameless}
        texts = {chat.oldest for chat in nameless}
        for chat in nameless:
            known = named.get(chat.oldest)
            if known is not None:
                chat.message_id = known
            elif len(texts) == 1:
                chat.message_id = MessageId(derive("message", ms or 0, sender))
            else:
                chat.message_id = MessageId(derive("message", ms or 0, sender, chat.oldest))


def thread_named(old: str, fallback_ms: int) -> ThreadId:
    """The id of a thread that has one already; what is neither ULID nor UUID gets one derived from it."""
    if is_id(old):
        return ThreadId(old)
    plain = re.fullmatch(r"legacy-thread-(\d{1,15})", old)
    if plain:
        return ThreadId(derive("thread", int(plain[1])))
    found = _MS.search(old)
    return ThreadId(derive("thread", int(found[0]) if found else fallback_ms, old))


def message_named(old: str, fallback_ms: int = 0) -> MessageId:
    """The id another row means by an id; where a row of that id is in the file, its own word goes before this."""
    if is_id(old):
        return MessageId(old)
    found = _MS.search(old)
    return MessageId(derive("message", int(found[0]) if found else fallback_ms, old))


def _own(chat: Chat) -> bool:
    """Whether the row brings an id that says more than millisecond and sender."""
    old = chat.old_message_id
    return old is not None and not (_is_plain(old, chat) and not is_id(old))


def _own_id(chat: Chat) -> MessageId:
    assert chat.old_message_id is not None
    found = message_named(chat.old_message_id, chat.ms or 0)
    if found != chat.old_message_id:
        chat.fields["legacy_message_id"] = chat.old_message_id
    return found


def _is_plain(old: str, chat: Chat) -> bool:
    """Whether an id is the one CoCalc's own upgrade made of this row's millisecond and sender."""
    return old == f"legacy-message-{chat.ms}-{_UNSAFE.sub('_', chat.sender or '__unknown__')}"
