"""What a row replies to is found by id, else by millisecond: roots first, those of its own thread before all."""

from __future__ import annotations

from collections import defaultdict

from chatdoc.model.ids import MessageId, ThreadId
from migrate.cocalc.chat import Chat
from migrate.cocalc.naming import PLAIN_MESSAGE, meant_in, message_named, upstream_id


class Index:
    """The rows of a file by id and by millisecond."""

    def __init__(self, chats: list[Chat]) -> None:
        self._moments: dict[int, Chat | list[Chat]] = {}
        self._by_id: dict[str, Chat] = {}
        self._by_old_id: dict[str, list[Chat]] = defaultdict(list)
        self._cut: set[MessageId] = set()
        self._meant: dict[tuple[str, ThreadId], Chat] = {}
        """By old id and thread, once the threads are known."""
        self._fellows: dict[tuple[int | str, str], Chat] = {}
        """Of several rows of a millisecond or an old id, the first of each thread."""
        crowded: set[int] = set()
        for chat in chats:
            if chat.ms is not None:
                known = self._moments.setdefault(chat.ms, chat)
                if known is not chat:
                    crowded.add(chat.ms)
                    self._moments[chat.ms] = [*known, chat] if isinstance(known, list) else [known, chat]
            self._by_id[chat.message_id] = chat
            if chat.old_message_id is not None:
                self._by_old_id[chat.old_message_id].append(chat)
        for ms in crowded:
            self._rank(ms, self.at(ms))
        for old, namesakes in self._by_old_id.items():
            if len(namesakes) > 1:
                self._rank(old, namesakes)

    def _rank(self, key: int | str, fellows: list[Chat]) -> None:
        fellows.sort(key=_order)
        for one in fellows:
            if one.old_thread_id is not None:
                self._fellows.setdefault((key, one.old_thread_id), one)

    def find(self, text: str) -> Chat | None:
        """The row that is meant by an id, old or new."""
        namesakes = self._by_old_id.get(text)
        return namesakes[0] if namesakes else self._unnamed(text)

    def meant(self, text: str, thread_id: ThreadId) -> MessageId:
        """The id that is meant by one in a record of a thread, whether or not its message is in the file."""
        if not self._meant:
            for old, namesakes in self._by_old_id.items():
                for chat in namesakes:
                    self._meant.setdefault((old, chat.thread_id), chat)
        found = self._meant.get((text, thread_id)) or self.find(text)
        return meant_in(thread_id, text) if found is None else found.message_id

    def cut(self, chat: Chat) -> None:
        """From now on this row replies to nothing."""
        self._cut.add(chat.message_id)

    def above(self, chat: Chat) -> Chat | None:
        """The row a row replies to; itself when it is a root, None when what it replies to is missing."""
        if chat.message_id in self._cut:
            return chat
        if chat.parent is not None:
            found = self._by_parent(chat, chat.parent)
            if found is not None:
                return found
            if chat.reply_ms is None or chat.reply_ms == chat.ms:
                return None
        elif chat.reply_ms is None or not chat.replies:
            return chat
        fellows = self._moments.get(chat.reply_ms)
        if isinstance(fellows, list):
            return self._fellow(chat, chat.reply_ms, fellows)
        return fellows

    def at(self, ms: int) -> list[Chat]:
        """The rows of a millisecond."""
        fellows = self._moments.get(ms)
        return fellows if isinstance(fellows, list) else [] if fellows is None else [fellows]

    def is_ambiguous(self, chat: Chat) -> bool:
        """Whether the millisecond a row replies to says no more than that it is one of several."""
        fellows = self._moments.get(chat.reply_ms) if chat.reply_ms is not None else None
        return (
            isinstance(fellows, list)
            and chat.old_thread_id is None
            and fellows[0].replies == fellows[1].replies
        )

    def _by_parent(self, chat: Chat, parent: str) -> Chat | None:
        if chat.old_message_id == parent:
            return chat
        namesakes = self._by_old_id.get(parent)
        if namesakes:
            return self._fellow(chat, parent, namesakes)
        found = self._unnamed(parent)
        return chat if found is not None and found.message_id == chat.message_id else found

    def _unnamed(self, text: str) -> Chat | None:
        """The row without ids that CoCalc's own upgrade would have called so, or that is called so here."""
        found = self._by_id.get(message_named(text))
        told = PLAIN_MESSAGE.fullmatch(text) if found is None else None
        if told is not None:
            fellows = [chat for chat in self.at(int(told[1])) if upstream_id(chat) == text]
            return fellows[0] if fellows else None
        return found

    def _fellow(self, chat: Chat, key: int | str, fellows: list[Chat]) -> Chat:
        """The best of several rows of a millisecond or an old id: one of the same thread, else the first."""
        found = self._fellows.get((key, chat.old_thread_id)) if chat.old_thread_id is not None else None
        return found if found is not None and found is not chat else fellows[0]


def _order(chat: Chat) -> tuple[bool, str, str, str]:
    """Roots first, then by what the rows say; never by where they stand."""
    return chat.replies, chat.sender, chat.date, chat.message_id
