"""Messages get ids from what they are: their own where they have a fit one, else from millisecond and sender.

The one root of a millisecond is named by that alone. So a copy of the file that lost the root has the same id for the
placeholder that stands for it, and where both copies meet they are one message.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from chatdoc.model.ids import STAMP_MS_END, MessageId, ThreadId, derive, is_id
from migrate.cocalc.chat import UNKNOWN, Chat

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_MS = re.compile(r"[0-9]{5,15}")
_PLAIN_THREAD = re.compile(r"legacy-thread-([0-9]{1,15})")
_TOLD_MESSAGE = re.compile(r"legacy-message-([0-9]{1,15})-([A-Za-z0-9-]*|__unknown__)")
PLAIN_MESSAGE = re.compile(r"legacy-message-([0-9]{1,15})-[A-Za-z0-9_-]*")
"""What CoCalc's own upgrade calls messages, by millisecond and sender."""


def name_messages(chats: list[Chat]) -> list[Chat]:
    """Set every row's `message_id`, and return one row for every message, its other rows in `others`.

    Rows of one sender and millisecond that are different messages are told apart by their oldest text; the same
    message in an old and a new row is one. Nothing else of the file has a say.
    """
    moments: dict[tuple[int | None, str], Chat | list[Chat]] = {}
    owned: dict[str, list[Chat]] = defaultdict(list)
    own_moment: list[Chat] = []
    for chat in chats:
        key = (chat.ms, chat.sender)
        known = moments.setdefault(key, chat)
        if isinstance(known, list):
            known.append(chat)
        elif known is not chat:
            moments[key] = [known, chat]
        if _is_own(chat):
            assert chat.old_message_id is not None
            owned[chat.old_message_id].append(chat)
        if chat.reply_ms is not None and chat.reply_ms == chat.ms and chat.parent is None:
            own_moment.append(chat)
    if own_moment:
        _see_roots_beside(own_moment, chats)
    for old, namesakes in owned.items():
        _name_owned(old, namesakes)
    alone: list[Chat] = []
    crowds: list[list[list[Chat]]] = []
    roots: Counter[int | None] = Counter()
    for fellows in moments.values():
        if isinstance(fellows, list):
            crowd = _different(fellows)
            crowds.append(crowd)
            roots.update(rows[0].ms for rows in crowd if _is_root(rows))
        elif not fellows.message_id:
            alone.append(fellows)
            if not fellows.replies:
                roots[fellows.ms] += 1
    for chat in alone:
        chat.message_id = _derived(chat, is_root=not chat.replies and roots[chat.ms] == 1)
    for crowd in crowds:
        _name_crowd(crowd, roots)
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
    plain = _TOLD_MESSAGE.fullmatch(old)
    if plain is not None:
        return message_of(int(plain[1]), "" if plain[2] == UNKNOWN else plain[2])
    return MessageId(derive("message", _ms_in(old, fallback_ms), old))


def meant_in(thread_id: ThreadId, old: str) -> MessageId:
    """The id a row of a thread means by one whose message is not in the file."""
    plain = _TOLD_MESSAGE.fullmatch(old)
    if plain is not None and thread_id == thread_of(int(plain[1])):
        return root_of(int(plain[1]))
    return message_named(old)


def thread_of(ms: int, *further: str) -> ThreadId:
    """The id of a thread whose root stands at a millisecond."""
    return ThreadId(derive("thread", ms, *_beyond(ms), *further))


def root_of(ms: int) -> MessageId:
    """The id of the one root of a millisecond, whether the file has it or not."""
    return MessageId(derive("root", ms, *_beyond(ms)))


def message_of(ms: int, sender: str, *further: str) -> MessageId:
    """The id of a message that has nothing better than its millisecond and its sender."""
    return MessageId(derive("message", ms, sender, *_beyond(ms), *further))


def _beyond(ms: int) -> tuple[str, ...]:
    """Ids end with the year 2099; what is later is told apart by its milliseconds."""
    return () if ms < STAMP_MS_END else (f"{ms} ms",)


def upstream_id(chat: Chat) -> str:
    """What CoCalc's own upgrade calls a message without an id."""
    return f"legacy-message-{chat.ms}-{_UNSAFE.sub('_', chat.sender or UNKNOWN)}"


def _ms_in(old: str, fallback_ms: int) -> int:
    found = _MS.search(old)
    return int(found[0]) if found is not None else fallback_ms


def _is_own(chat: Chat) -> bool:
    """Whether the row brings an id that says more than millisecond and sender."""
    return chat.old_message_id is not None and chat.old_message_id != upstream_id(chat)


def _see_roots_beside(own_moment: list[Chat], chats: list[Chat]) -> None:
    """A reply to its own millisecond is one to the root that stands there, if another message does; else a root."""
    moments = {chat.ms for chat in own_moment}
    roots: dict[int | None, set[tuple[str, str]]] = defaultdict(set)
    for chat in chats:
        if chat.ms in moments and chat.parent is None and chat.reply_ms is None:
            roots[chat.ms].add((chat.sender, chat.oldest))
    for chat in own_moment:
        chat.beside_root = bool(roots[chat.ms] - {(chat.sender, chat.oldest)})


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


def _different(fellows: list[Chat]) -> list[list[Chat]]:
    """The messages without a name among the rows of one millisecond and sender; the others lend equal ones theirs."""
    named: dict[str, MessageId] = {}
    for chat in fellows:
        if chat.message_id:
            named[chat.oldest] = min(chat.message_id, named.get(chat.oldest, chat.message_id))
    different: dict[str, list[Chat]] = {}
    for chat in fellows:
        if chat.message_id:
            continue
        if chat.oldest in named:
            chat.message_id = named[chat.oldest]
        else:
            different.setdefault(chat.oldest, []).append(chat)
    return list(different.values())


def _is_root(rows: list[Chat]) -> bool:
    return not any(chat.replies for chat in rows)


def _name_crowd(crowd: list[list[Chat]], roots: Mapping[int | None, int]) -> None:
    """Name messages of one millisecond and sender; several that are not its one root by their oldest text too."""
    are_root = [_is_root(rows) and roots[rows[0].ms] == 1 for rows in crowd]
    several = are_root.count(False) > 1
    for rows, is_root in zip(crowd, are_root, strict=True):
        further = [rows[0].oldest] if several and not is_root else []
        name = _derived(rows[0], *further, is_root=is_root)
        for chat in rows:
            chat.message_id = name


def _derived(chat: Chat, *further: str, is_root: bool) -> MessageId:
    """The id of a message that brings none; `is_root` when it is the one root of its millisecond."""
    if chat.ms is None:
        return MessageId(derive("message", 0, chat.sender, chat.oldest, "undated"))
    return root_of(chat.ms) if is_root else message_of(chat.ms, chat.sender, *further)


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
