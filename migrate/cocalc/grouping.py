"""Messages find their threads: by the id they carry, else by following what they reply to up to a root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from chatdoc.ids import MessageId, ThreadId, derive
from migrate.cocalc.chat import Chat
from migrate.cocalc.naming import message_named, thread_named

Moments = dict[int, list[Chat]]


def group(chats: list[Chat]) -> None:
    """Set every row's `thread_id`, and `target` where it replies to a row of this file or to one that is missing."""
    moments: Moments = defaultdict(list)
    for chat in chats:
        if chat.ms is not None:
            moments[chat.ms].append(chat)
    for fellows in moments.values():
        if len(fellows) > 1:
            fellows.sort(key=_rank)
    by_old_id: dict[str, Chat] = {}
    for chat in sorted(chats, key=_rank):
        if chat.old_message_id is not None:
            by_old_id.setdefault(chat.old_message_id, chat)
        by_old_id.setdefault(chat.message_id, chat)
    for chat in chats:
        if chat.old_thread_id is not None:
            chat.thread_id = thread_named(chat.old_thread_id, chat.ms or 0)
            if chat.thread_id != chat.old_thread_id:
                chat.fields["legacy_thread_id"] = chat.old_thread_id
    for chat in chats:
        if chat.old_thread_id is None:
            chat.thread_id = _legacy_thread(chat, moments, by_old_id)
        _aim(chat, moments, by_old_id)


def above(chat: Chat, moments: Moments, by_old_id: dict[str, Chat]) -> Chat | None:
    """The row a row replies to, or None: it is a root, or that row is missing."""
    if chat.parent is not None:
        found = by_old_id.get(chat.parent)
        return None if found is chat else found
    if chat.reply_ms is None or chat.reply_ms == chat.ms:
        return None
    fellows = moments.get(chat.reply_ms)
    return fellows[0] if fellows else None


def thread_of_root(root: Chat, moments: Moments) -> ThreadId:
    """The thread a row without thread id is the root of; two roots of one millisecond have two."""
    if root.ms is None:
        return ThreadId(derive("thread", 0, root.message_id))
    ms = root.ms
    rivals = {one.message_id for one in _roots_at(root, moments)}
    if len(rivals) <= 1:
        return ThreadId(derive("thread", ms))
    return ThreadId(derive("thread", ms, root.message_id))


def _legacy_thread(chat: Chat, moments: Moments, by_old_id: dict[str, Chat]) -> ThreadId:
    seen = [chat]
    while True:
        here = seen[-1]
        if here.old_thread_id is not None:
            return here.thread_id
        up = above(here, moments, by_old_id)
        if up is None:
            break
        if up in seen:
            circle = seen[seen.index(up) :]
            here = min(circle, key=_rank_in_circle)
            if here is chat:
                chat.notes.append(("reply_circle", "its replies run in a circle", "it is the root"))
                chat.reply_ms = chat.parent = None
            break
        seen.append(up)
    if here.parent is not None and above(here, moments, by_old_id) is None and here.reply_ms is None:
        return ThreadId(derive("thread", here.ms or 0))
    missing = here.reply_ms is not None and here.reply_ms != here.ms and not moments.get(here.reply_ms)
    if missing and here.reply_ms is not None:
        return ThreadId(derive("thread", here.reply_ms))
    return thread_of_root(here, moments)


def _aim(chat: Chat, moments: Moments, by_old_id: dict[str, Chat]) -> None:
    up = above(chat, moments, by_old_id)
    if up is not None:
        chat.target = up.message_id
        if chat.parent is None and up.ms is not None:
            rivals = {one.message_id for one in _roots_at(up, moments)}
            if len(rivals) > 1 and up.reply_ms is None:
                found = f"{len(rivals)} roots stand at the millisecond it replies to"
                chat.notes.append(("ambiguous_root", found, f"it replies to {up.message_id}"))
    elif chat.parent is not None and chat.parent not in (chat.old_message_id, chat.message_id):
        chat.target = message_named(chat.parent)
    elif chat.reply_ms is not None and chat.reply_ms != chat.ms:
        chat.target = missing_root(chat.thread_id)


def missing_root(thread_id: ThreadId) -> MessageId:
    """The id of the placeholder that stands for a thread's root."""
    return MessageId(derive("message", 0, thread_id, "placeholder"))


def _roots_at(chat: Chat, moments: Moments) -> Iterable[Chat]:
    return [
        one
        for one in moments.get(chat.ms or 0, [chat])
        if one.parent is None and one.old_thread_id is None and one.reply_ms in (None, one.ms)
    ]


def _rank(chat: Chat) -> tuple[bool, str, str, str]:
    """Roots first, then by what the rows say; never by where they stand."""
    replies = chat.parent is not None or chat.reply_ms not in (None, chat.ms)
    return replies, chat.sender, chat.oldest, chat.message_id


def _rank_in_circle(chat: Chat) -> tuple[int, str, str]:
    return chat.ms or 0, chat.sender, chat.message_id
