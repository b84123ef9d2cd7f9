"""Every thread of a file gets its identity, and every message its facts."""

from __future__ import annotations

from chatdoc.model.clock import iso
from chatdoc.model.facts import ThreadFact
from chatdoc.model.ids import MessageId, ThreadId
from migrate.cocalc.account import Account
from migrate.cocalc.chat import Chat
from migrate.cocalc.index import Index
from migrate.cocalc.messages import is_agent, is_turn, message_facts, rest
from migrate.cocalc.naming import upstream_id
from migrate.cocalc.records import Record, thread_extra
from migrate.cocalc.rooting import Rooted, root_thread
from migrate.lines import Line


class Thread:
    """A thread on its way to facts: its messages, and CoCalc's records of it, the best first."""

    __slots__ = ("agents", "chats", "configs", "identities", "rooted", "states", "thread_id", "turns")

    rooted: Rooted
    agents: list[Chat]
    """Messages that an agent wrote, by date."""
    turns: list[Chat]
    """Those, and messages that were interrupted or being written when the file was, by date."""

    def __init__(
        self,
        thread_id: ThreadId,
        chats: list[Chat],
        identities: list[Record],
        configs: list[Record],
        states: list[Record],
    ) -> None:
        self.thread_id = thread_id
        self.chats = chats
        self.identities = identities
        self.configs = configs
        self.states = states


def identify(thread: Thread, index: Index, taken: set[MessageId], account: Account) -> None:
    """Find the root and tell the facts of the thread and of its messages; `taken` are the ids of all messages."""
    record = thread.identities[0] if thread.identities else None
    for further in thread.identities[1:]:
        account.keep(line_of(further), "another record of the same thread")
    said = record.text("root_message_id") if record is not None else None
    named = index.meant(said, thread.thread_id) if said is not None else None
    rooted = thread.rooted = root_thread(thread.thread_id, thread.chats, named, _began(thread), taken)
    if rooted.placeholder is not None:
        taken.add(rooted.root_id)
        account.facts.append(rooted.placeholder)
        detail = f"no row of the file is the root of its {len(thread.chats)} messages"
        decision = f"a placeholder {rooted.root_id} stands for it"
        account.note("missing_root", None, thread.thread_id, detail, decision)
    account.facts.append(_identity(thread, record))
    thread.agents = [chat for chat in thread.chats if is_agent(chat)]
    thread.turns = [chat for chat in thread.chats if is_turn(chat)]
    for chat in thread.chats:
        if chat.fields is not None or chat.was_generating or chat.old_message_id is not None:
            rest(chat)
        account.facts += message_facts(chat)


def line_of(record: Record) -> Line:
    """The line of a record."""
    return Line(number=record.number, raw=record.raw, row=record.row)


def _identity(thread: Thread, record: Record | None) -> ThreadFact:
    rooted, chat = thread.rooted, thread.rooted.chat
    names = (rooted.root_id,) if chat is None else (rooted.root_id, chat.old_message_id, upstream_id(chat))
    extra = thread_extra(record, names) if record is not None else {}
    records = (*thread.identities, *thread.configs, *thread.states)
    old_ids: set[str] = {one.row["thread_id"] for one in records}
    old_ids |= {chat.old_thread_id for chat in thread.chats if chat.old_thread_id is not None}
    for old in sorted(old_ids - {thread.thread_id}):
        extra.setdefault("legacy_thread_id", old)
    created_ms = record.date("created_at") if record is not None else None
    created_by = record.text("created_by") if record is not None else None
    return ThreadFact(
        thread_id=thread.thread_id,
        created_at=iso(rooted.ms if created_ms is None else created_ms),
        created_by=created_by or (chat.sender if chat is not None else ""),
        root_message_id=rooted.root_id,
        assumed=rooted.inferred,
        extra=dict(sorted(extra.items())) or None,
    )


def _began(thread: Thread) -> int | None:
    """When a thread began, as far as its records tell; those that were changed later only for want of messages."""
    for record in thread.identities:
        created = record.date("created_at")
        if created is not None:
            return created
    if thread.chats:
        return None
    return min((one.ms for one in (*thread.configs, *thread.states) if one.ms), default=None)
