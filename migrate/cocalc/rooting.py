"""Every thread gets exactly one root, and every other message of it a chain of replies that ends there."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from chatdoc.model.clock import iso
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from migrate.cocalc.chat import Chat
from migrate.cocalc.grouping import missing_root
from migrate.cocalc.naming import upstream_id


class Rooted(NamedTuple):
    """A thread's root; `chat` is its row, `placeholder` stands for it where no row of the file is the root."""

    thread_id: ThreadId
    root_id: MessageId
    ms: int
    """When the root was written, as far as the file tells."""
    chat: Chat | None = None
    placeholder: Header | None = None
    inferred: bool = False
    """Whether the choice of the root was a guess."""


def root_thread(
    thread_id: ThreadId,
    chats: list[Chat],
    named: MessageId | None,
    began_ms: int | None,
    taken: Container[MessageId],
) -> Rooted:
    """Choose the root, that which a thread row names before others, and aim the messages that hang in the air at it.

    `began_ms` is when the thread began, where records tell; a placeholder gets none of the ids `taken`.
    Sorts `chats` by date.
    """
    chats.sort(key=_order)
    by_id = {chat.message_id: chat for chat in chats}
    if named is not None and named not in by_id and named in taken:
        named = None
    rooted = _choose(thread_id, chats, by_id, named) or _placeholder(
        thread_id, chats, by_id, named, began_ms, taken
    )
    root_id = rooted.root_id
    if any(chat.target != root_id for chat in chats if chat is not rooted.chat):
        _hang(chats, by_id, rooted)
    if rooted.chat is not None and rooted.chat.target is not None:
        root = rooted.chat
        root.note("root_replied", f"the root replied to {root.target}", "it replies to nothing")
        root.target, root.assumed = None, True
    for chat in chats:
        if chat.parent is not None or chat.reply_ms is not None:
            _keep_words(chat, by_id, rooted)
    return rooted


def _choose(
    thread_id: ThreadId, chats: list[Chat], by_id: dict[MessageId, Chat], named: MessageId | None
) -> Rooted | None:
    """The row that is the root, or None where it is missing."""
    if named is not None and named in by_id:
        return _rooted(thread_id, by_id[named], inferred=False)
    roots = [chat for chat in chats if chat.target is None]
    if named is not None and any(chat.target == named for chat in chats):
        return None
    if roots:
        root, inferred = roots[0], named is not None or len(roots) > 1
        root.assumed = root.assumed or inferred
        return _rooted(thread_id, root, inferred=inferred)
    if chats and named is None and all(chat.target in by_id for chat in chats):
        return _rooted(thread_id, chats[0], inferred=True)
    return None


def _rooted(thread_id: ThreadId, root: Chat, *, inferred: bool) -> Rooted:
    ms = root.ms if root.began_ms is None else root.began_ms
    return Rooted(thread_id, root.message_id, ms or 0, root, inferred=inferred)


def _placeholder(
    thread_id: ThreadId,
    chats: list[Chat],
    by_id: dict[MessageId, Chat],
    named: MessageId | None,
    began_ms: int | None,
    taken: Container[MessageId],
) -> Rooted:
    """A root that says it stands for a missing one; under that one's id where the file tells it."""
    told = [chat.target for chat in chats if chat.target not in by_id and chat.target not in taken]
    root_id = named or next((target for target in told if target is not None), missing_root(thread_id))
    missing = [chat.missing_ms for chat in chats if chat.missing_ms is not None]
    if missing:
        ms = min(missing)
    elif began_ms is not None:
        ms = began_ms
    else:
        ms = chats[0].ms or 0 if chats else 0
    header = Header(
        message_id=root_id,
        thread_id=thread_id,
        sender_id="",
        date=iso(ms),
        assumed=True,
        fields={"placeholder": "missing root"},
    )
    return Rooted(thread_id, root_id, ms, None, header, root_id != named)


def _hang(chats: list[Chat], by_id: dict[MessageId, Chat], rooted: Rooted) -> None:
    """Aim at the root what replies to nothing, to a message that is not in the thread, or in a circle."""
    root_id = rooted.root_id
    for chat in chats:
        if chat is rooted.chat or chat.target == root_id:
            continue
        if chat.target is None:
            chat.note("extra_root", "the thread has another root", f"it replies to {root_id}")
        elif chat.target not in by_id:
            found = f"{chat.target} is not in its thread"
            chat.note("missing_reply_target", found, f"it replies to {root_id}")
        else:
            continue
        chat.target, chat.assumed = root_id, True
    ending: set[MessageId] = {root_id}
    for chat in chats:
        path: list[Chat] = []
        walked: set[MessageId] = set()
        here = chat
        while here.message_id not in ending and here.message_id not in walked:
            path.append(here)
            walked.add(here.message_id)
            if here.target is None or here.target == root_id:
                break
            here = by_id[here.target]
        if here.message_id in walked and here.target not in (None, root_id):
            circle = path[path.index(here) :]
            first = min(circle, key=_order)
            first.note("reply_circle", "its replies run in a circle", f"it replies to {root_id}")
            first.target, first.assumed = root_id, True
        ending |= walked


def _keep_words(chat: Chat, by_id: dict[MessageId, Chat], rooted: Rooted) -> None:
    """Where a row says another thing about its reply than what it replies to now tells, its word is kept."""
    above = by_id.get(chat.target) if chat.target is not None else None
    if chat.parent not in (None, chat.target):
        told = () if above is None else (above.old_message_id, upstream_id(above))
        if chat.parent not in told:
            chat.keep("legacy_parent_message_id", chat.parent)
    if chat.reply_ms not in (None, rooted.ms, chat.ms) and (above is None or above.ms != chat.reply_ms):
        assert chat.reply_ms is not None
        chat.keep("legacy_reply_to", iso(chat.reply_ms))


def _order(chat: Chat) -> tuple[str, str]:
    return chat.date, chat.message_id
