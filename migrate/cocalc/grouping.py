"""Messages find their threads: by the id they carry, else by following what they reply to up to a root."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from chatdoc.model.ids import MessageId, ThreadId, derive
from migrate.cocalc.chat import Chat
from migrate.cocalc.index import Index
from migrate.cocalc.naming import meant_in, root_of, thread_named, thread_of


class Anchor:
    """Where chains of replies end: at a root, at something that is missing, or at a row that knows its thread."""

    __slots__ = ("claims", "missing_id", "missing_ms", "root", "thread_id")

    def __init__(
        self,
        thread_id: ThreadId | None,
        root: Chat | None,
        missing_ms: int | None,
        missing_id: MessageId | None,
    ) -> None:
        self.thread_id = thread_id
        self.root = root
        self.missing_ms = missing_ms
        self.missing_id = missing_id
        self.claims: set[ThreadId] = set()
        """Threads whose own rows hang here."""

    @property
    def is_missing(self) -> bool:
        """Whether the chains end at something that is not in the file."""
        return self.missing_ms is not None or self.missing_id is not None

    @property
    def missing_name(self) -> MessageId:
        """The id of what is missing: as rows call it, else that of the root of its millisecond."""
        return self.missing_id or root_of(self.missing_ms or 0)


def group(
    chats: list[Chat], index: Index, named: Mapping[ThreadId, Chat], recorded: Collection[ThreadId] = ()
) -> None:
    """Set `thread_id`, `target`, `assumed` and `missing_ms` of every row.

    `named` are roots that thread rows name, `recorded` the threads that rows of any kind are records of.
    """
    _Grouping(chats, index, named, recorded)


class _Grouping:
    def __init__(
        self,
        chats: list[Chat],
        index: Index,
        named: Mapping[ThreadId, Chat],
        recorded: Collection[ThreadId],
    ) -> None:
        self._chats = chats
        self._recorded = recorded
        self._index = index
        self._anchors: dict[object, Anchor] = {}
        self._of: dict[MessageId, Anchor] = {}
        self._rooted: set[ThreadId] = set()
        """Threads that have a root among the rows that carry their id."""
        self._known = self._read_ids()
        self._claim(named)
        self._settle()
        for chat in chats:
            self._aim(chat)

    def _read_ids(self) -> set[ThreadId]:
        known: dict[str, ThreadId] = {}
        for chat in self._chats:
            old = chat.old_thread_id
            if old is not None:
                found = known.get(old)
                if found is None:
                    found = known[old] = thread_named(old)
                chat.thread_id = found
                if self._index.above(chat) is chat:
                    self._rooted.add(found)
        return set(known.values())

    def _claim(self, named: Mapping[ThreadId, Chat]) -> None:
        """Note which threads hang on rows that do not know their thread; those must become one."""
        for chat in self._chats:
            if chat.old_thread_id is None:
                self._anchor(chat)
                continue
            above = self._index.above(chat)
            if above is None:
                self._missing(chat).claims.add(chat.thread_id)
            elif above is not chat and above.old_thread_id is None:
                self._anchor(above).claims.add(chat.thread_id)
        for thread_id, root in named.items():
            if root.old_thread_id is None:
                self._anchor(root).claims.add(thread_id)

    def _anchor(self, chat: Chat) -> Anchor:
        """Follow the replies of a row that does not know its thread; each row is walked over once."""
        path: list[Chat] = []
        walked: set[MessageId] = set()
        here = chat
        while True:
            found = self._of.get(here.message_id)
            if found is not None:
                break
            if here.old_thread_id is not None:
                found = self._keep(("thread", here.thread_id), Anchor(here.thread_id, None, None, None))
                break
            above = self._index.above(here)
            if above is here:
                found = Anchor(None, here, None, None)
                self._of[here.message_id] = self._keep(("root", here.message_id), found)
                break
            path.append(here)
            walked.add(here.message_id)
            if above is None:
                found = self._missing(here)
                break
            if above.message_id in walked:
                found = self._cut(path[[one.message_id for one in path].index(above.message_id) :])
                break
            here = above
        for one in path:
            self._of[one.message_id] = found
        return found

    def _keep(self, key: object, anchor: Anchor) -> Anchor:
        return self._anchors.setdefault(key, anchor)

    def _missing(self, chat: Chat) -> Anchor:
        if chat.parent is None:
            chat.missing_ms = chat.reply_ms
            return self._keep(("ms", chat.reply_ms), Anchor(None, None, chat.reply_ms, None))
        name = meant_in(chat.thread_id, chat.parent)
        return self._keep(("id", name), Anchor(None, None, None, name))

    def _cut(self, circle: list[Chat]) -> Anchor:
        root = min(circle, key=lambda one: (one.date, one.message_id))
        self._index.cut(root)
        root.assumed = True
        root.note("reply_circle", "its replies run in a circle", "it is the root")
        return self._keep(("root", root.message_id), Anchor(None, root, None, None))

    def _settle(self) -> None:
        """Give every anchor its thread: one whose rows hang on it and that lacks a root, else one of its own."""
        open_ = [anchor for anchor in self._anchors.values() if anchor.thread_id is None]
        taken: set[ThreadId] = set()
        for anchor in open_:
            if anchor.is_missing and anchor.claims:
                anchor.thread_id = min(anchor.claims)
        for anchor in sorted((one for one in open_ if one.claims and one.root is not None), key=_place):
            free = anchor.claims - self._rooted - taken
            if free:
                anchor.thread_id = min(free)
                taken.add(anchor.thread_id)
        alone = [anchor for anchor in open_ if anchor.thread_id is None]
        rivals = Counter(anchor.root.ms for anchor in alone if anchor.root is not None)
        self._give_recorded(alone, rivals, taken)
        for anchor in alone:
            anchor.thread_id = anchor.thread_id or self._own_thread(anchor, rivals, taken)

    def _give_recorded(
        self, alone: list[Anchor], rivals: Mapping[int | None, int], taken: set[ThreadId]
    ) -> None:
        """Of several roots of a millisecond the first gets the thread that records call by that millisecond."""
        for anchor in sorted((one for one in alone if one.root is not None), key=_place):
            root = anchor.root
            if root is None or root.ms is None or rivals[root.ms] == 1:
                continue
            plain = thread_of(root.ms)
            if plain in self._recorded and plain not in self._rooted and plain not in taken:
                anchor.thread_id = plain
                taken.add(plain)
                root.note(
                    "ambiguous_record", "several roots stand at its millisecond", "records are of this one"
                )

    def _own_thread(self, anchor: Anchor, rivals: Mapping[int | None, int], taken: set[ThreadId]) -> ThreadId:
        if anchor.root is None:
            if anchor.missing_id is not None:
                return ThreadId(derive("thread", 0, "missing", anchor.missing_id))
            return thread_of(anchor.missing_ms or 0)
        root = anchor.root
        if root.ms is not None and rivals[root.ms] == 1:
            plain = thread_of(root.ms)
            if plain not in self._rooted and plain not in taken:
                return plain
        return thread_of(root.ms or 0, root.message_id)

    def _aim(self, chat: Chat) -> None:
        above = self._index.above(chat)
        if chat.old_thread_id is None:
            anchor = self._of[chat.message_id]
            assert anchor.thread_id is not None
            chat.thread_id = anchor.thread_id
            if anchor.is_missing:
                # Another copy may have what is missing here: what hangs on it hangs on nothing else.
                chat.target = anchor.missing_name
                chat.assumed = True
                return
        if above is None:
            chat.target = self._missing(chat).missing_name
        elif above is not chat:
            chat.target = above.message_id
            if chat.parent is None and self._index.is_ambiguous(chat):
                found = "several messages stand at the millisecond it replies to"
                chat.note("ambiguous_root", found, f"it replies to {above.message_id}")
                chat.assumed = True


def missing_root(thread_id: ThreadId) -> MessageId:
    """The id of the placeholder that stands for a thread's root."""
    return MessageId(derive("message", 0, thread_id, "placeholder"))


def _place(anchor: Anchor) -> tuple[str, str]:
    assert anchor.root is not None
    return anchor.root.date, anchor.root.message_id
