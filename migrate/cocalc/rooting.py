"""Every thread gets exactly one root, and every other message of it a chain of replies that ends there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from chatdoc.clock import EPOCH
from chatdoc.ids import MessageId, ThreadId
from chatdoc.records.facts import Header
from migrate.cocalc.chat import Chat
from migrate.cocalc.dates import spelled
from migrate.cocalc.grouping import missing_root


class Rooted(NamedTuple):
    """A thread's root; `placeholder` is its header where no row of the file is the root."""

    thread_id: ThreadId
    root_id: MessageId
    created_at: str
    created_by: str
    placeholder: Header | None


def root_thread(thread_id: ThreadId, chats: list[Chat], named: MessageId | None) -> Rooted:
    """Choose the root, that which a thread row names before others, and aim the messages that hang in the air at it."""
    chats.sort(key=_order)
    ids = {chat.message_id for chat in chats}
    for chat in chats:
        if chat.target == chat.message_id:
            chat.target = None
    roots = [chat for chat in chats if chat.target is None]
    rooted = _choose(thread_id, chats, roots, named)
    for chat in chats:
        if chat.message_id == rooted.root_id:
            if chat.target is not None:
                chat.notes.append(
                    ("root_replied", f"the root replied to {chat.target}", "it replies to nothing")
                )
            chat.target = None
        elif chat.target is None:
            chat.target = rooted.root_id
            chat.assumed = chat.assumed or rooted.placeholder is not None
            if rooted.placeholder is None:
                chat.notes.append(
                    ("extra_root", "the thread has another root", f"it replies to {rooted.root_id}")
                )
        elif chat.target not in ids and chat.target != rooted.root_id:
            chat.notes.append(
                (
                    "missing_reply_target",
                    f"{chat.target} is not in the file",
                    f"it replies to {rooted.root_id}",
                )
            )
            chat.target, chat.assumed = rooted.root_id, True
        elif chat.target not in ids:
            chat.assumed = True
    _cut_circles(chats, rooted.root_id)
    return rooted


def _choose(thread_id: ThreadId, chats: list[Chat], roots: list[Chat], named: MessageId | None) -> Rooted:
    by_id = {chat.message_id: chat for chat in reversed(chats)}
    root = by_id.get(named) if named is not None else None
    if root is None and named is None and roots:
        root = roots[0]
    if root is None and roots and not any(chat.target == named for chat in chats):
        root = roots[0]
    if root is not None:
        return Rooted(thread_id, root.message_id, root.date, root.sender, None)
    root_id = named or missing_root(thread_id)
    replied = sorted(chat.reply_ms for chat in chats if chat.reply_ms is not None and chat.target == root_id)
    date = spelled(replied[0]) if replied else chats[0].date if chats else EPOCH
    placeholder = Header(
        message_id=root_id,
        thread_id=thread_id,
        sender_id="",
        date=date,
        assumed=True,
        fields={"placeholder": "missing root"},
    )
    return Rooted(thread_id, root_id, date, "", placeholder)


def _cut_circles(chats: list[Chat], root_id: MessageId) -> None:
    targets: dict[MessageId, MessageId | None] = {chat.message_id: chat.target for chat in reversed(chats)}
    reaching: set[MessageId] = {root_id}
    for chat in chats:
        path: list[MessageId] = []
        here: MessageId | None = chat.message_id
        while here is not None and here not in reaching and here not in path:
            path.append(here)
            here = targets.get(here)
        if here is not None and here in path:
            _cut(chats, targets, path[path.index(here) :], root_id)
        reaching.update(path)


def _cut(
    chats: list[Chat],
    targets: Mapping[MessageId, MessageId | None],
    circle: list[MessageId],
    root_id: MessageId,
) -> None:
    first = next(chat for chat in chats if chat.message_id in circle)
    first.notes.append(("reply_circle", "its replies run in a circle", f"it replies to {root_id}"))
    for chat in chats:
        if chat.message_id == first.message_id:
            chat.target = root_id


def _order(chat: Chat) -> tuple[int, str, str]:
    return chat.ms or 0, chat.message_id, chat.sender
