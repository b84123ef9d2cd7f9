"""Messages get ids from what they are: their own where they have a fit one, else from millisecond and sender."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from chatdoc.ids import STAMP_MS_END, MessageId, ThreadId, derive, is_id
from migrate.cocalc.chat import UNKNOWN, Chat

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_MS = re.compile(r"[0-9]{5,15}")
_PLAIN_THREAD = re.compile(r"legacy-thread-([0-9]{1,15})")
_PLAIN_MESSAGE = re.compile(r"legacy-message-([0-9]{1,15})-([A-Za-z0-9-]*|__unknown__)")


def name_messages(chats: list[Chat]) -> list[Chat]:
    """Set every row's `message_id`, and return one row for every message, its other rows in `others`.

    Rows of one sender and millisecond that are different messages are told apart by their oldest text; the same
    message in an old and a new row is one. Nothing else of the file has a say.
    """
    moments: dict[tuple[int | None, str], Chat | list[Chat]] = {}
    for chat in chats:
        key = (chat.ms, chat.sender)
        known = moments.setdefault(key, chat)
        if isinstance(known, list):
            known.append(chat)
        elif known is not chat:
            moments[key] = [known, chat]
    owned: dict[str, list[Chat]] = defaultdict(list)
    for fellows in moments.values():
        for chat in fellows if isinstance(fellows, list) else (fellows,):
            if _is_own(chat):
                assert chat.old_message_id is not None
                owned[chat.old_message_id].append(chat)
    for old, namesakes in owned.items():
        _name_owned(old, namesakes)
    for fellows in moments.values():
        if isinstance(fellows, list):
            _name_fellows(fellows)
        elif not fellows.message_id:
            fellows.message_id = _derived(fellows)
    return _one_each(chats)


def thread_named(old: str, fallback_ms: int = 0) -> ThreadId:
    """The id of a thread that has one already; what is neither ULID nor UUID gets one derived from it.

    `fallback_ms` is its time where the old id tells none.
    """
    if is_id(old):
        return ThreadId(old)
    plain = _PLAIN_THREAD.fullmatch(old)
    if plain is not None:
        return thread_of(int(plain[1]))
    return ThreadId(derive("thread", _ms_in(old, fallback_ms), old))


def message_named(old: str, fallback_ms: int = 0) -> MessageId:
    """The id another row means by an id; where a row of that id is in the file, its own name goes before this."""
    if is_id(old):
        return MessageId(old)
    plain = _PLAIN_MESSAGE.fullmatch(old)
    if plain is not None:
        return message_of(int(plain[1]), "" if plain[2] == UNKNOWN else plain[2])
    return MessageId(derive("message", _ms_in(old, fallback_ms), old))


def thread_of(ms: int, *further: str) -> ThreadId:
    """The id of a thread whose root stands at a millisecond."""
    return ThreadId(derive("thread", ms, *_beyond(ms), *further))


def message_of(ms: int, sender: str, *further: str) -> MessageId:
    """The id of a message that has nothing better than its millisecond and its sender."""
    return MessageId(derive("message", ms, sender, *_beyond(ms), *further))


def _beyond(ms: int) -> tuple[str, ...]:
    """Ids end with the year 2099; what is later is told apart by its milliseconds."""
    return () if ms < STAMP_MS_END else (f"{ms} ms",)


def _ms_in(old: str, fallback_ms: int) -> int:
    found = _MS.search(old)
    return int(found[0]) if found is not None else fallback_ms


def _is_own(chat: Chat) -> bool:
    """Whether the row brings an id that says more than millisecond and sender."""
    old = chat.old_message_id
    return old is not None and old != (f"legacy-message-{chat.ms}-{_UNSAFE.sub('_', chat.sender or UNKNOWN)}")


def _derived(chat: Chat, *further: str) -> MessageId:
    if chat.ms is None:
        return MessageId(derive("message", 0, chat.sender, chat.oldest, "undated"))
    return message_of(chat.ms, chat.sender, *further)


def _name_owned(old: str, namesakes: list[Chat]) -> None:
    """Rows of one id that are different messages by millisecond, sender or thread: the first keeps the id."""
    threads: dict[tuple[int, str], set[str]] = defaultdict(set)
    for chat in namesakes:
        if chat.old_thread_id is not None:
            threads[chat.ms or 0, chat.sender].add(chat.old_thread_id)
    first = {who: min(found) for who, found in threads.items()}
    kinds: dict[tuple[int, str, str], list[Chat]] = defaultdict(list)
    for chat in namesakes:
        who = (chat.ms or 0, chat.sender)
        kinds[*who, chat.old_thread_id or first.get(who, "")].append(chat)
    for place, kind in enumerate(sorted(kinds)):
        ms, sender, thread = kind
        name = MessageId(derive("message", ms, old, sender, thread)) if place else message_named(old)
        for chat in kinds[kind]:
            chat.message_id = name
            if place:
                chat.note("duplicate_message_id", f"another message has the id {old} too", f"it is {name}")


def _name_fellows(fellows: list[Chat]) -> None:
    """Rows of one millisecond and sender."""
    nameless = [chat for chat in fellows if not chat.message_id]
    named: dict[str, MessageId] = {}
    for chat in fellows:
        if chat.message_id:
            named[chat.oldest] = min(chat.message_id, named.get(chat.oldest, chat.message_id))
    different = {chat.oldest for chat in nameless} - named.keys()
    for chat in nameless:
        if chat.oldest in named:
            chat.message_id = named[chat.oldest]
        elif len(different) == 1:
            chat.message_id = _derived(chat)
        else:
            chat.message_id = _derived(chat, chat.oldest)


def _one_each(chats: Iterable[Chat]) -> list[Chat]:
    messages: dict[MessageId, Chat | list[Chat]] = {}
    again = False
    for chat in chats:
        known = messages.setdefault(chat.message_id, chat)
        if known is not chat:
            again = True
            messages[chat.message_id] = [*known, chat] if isinstance(known, list) else [known, chat]
    if not again:
        return list(chats)
    return [_united(found) if isinstance(found, list) else found for found in messages.values()]


def _united(rows: list[Chat]) -> Chat:
    """The fullest row speaks for the message; the others lend it what it does not say."""
    rows.sort(key=_fullest)
    first = rows[0]
    first.others = rows[1:]
    for other in first.others:
        if other.fields:
            first.fields = {**other.fields, **(first.fields or {})}
        if other.config:
            first.config = {**other.config, **(first.config or {})}
        first.old_message_id = first.old_message_id or other.old_message_id
        first.old_thread_id = first.old_thread_id or other.old_thread_id
        first.was_generating = first.was_generating and other.was_generating
        if not first.replies:
            first.parent, first.reply_ms = other.parent, other.reply_ms
    return first


def _fullest(chat: Chat) -> tuple[bool, bool, int, bytes]:
    return chat.old_thread_id is None, chat.old_message_id is None, -len(chat.texts), chat.raw
