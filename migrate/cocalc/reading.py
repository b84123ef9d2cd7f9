"""A CoCalc file is read as a whole: rows are sorted, named, grouped and rooted, and each becomes facts or is kept."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from chatdoc.model.facts import Fact
from chatdoc.model.ids import ThreadId
from migrate.cocalc.account import Account
from migrate.cocalc.chat import Chat
from migrate.cocalc.configs import settle_configs
from migrate.cocalc.grouping import group
from migrate.cocalc.index import Index
from migrate.cocalc.naming import name_messages
from migrate.cocalc.plain import plain_chat
from migrate.cocalc.records import Record, by_thread
from migrate.cocalc.sorting import Sorted, sort_rows
from migrate.cocalc.states import settle_state
from migrate.cocalc.threads import Thread, identify
from migrate.lines import TOO_DEEP, Line, raw_lines, read_line, salvaged, with_whole_characters
from migrate.nesting import DEPTH_MAX, is_deep
from migrate.report import Anomaly
from migrate.salvage import salvage

_encode = msgspec.json.Encoder(order="deterministic").encode


class Reading:
    """What a file holds: facts, the fate of every line from 1, and what was odd; the same for lines in any order."""

    def __init__(self, source: bytes) -> None:
        lines = raw_lines(source)
        self._account = account = Account(len(lines))
        found = sort_rows(*_look(lines, account))
        for line, reason in found.rest:
            account.keep(line, reason)
        self.generation = _generation(found)
        """`cocalc`, `cocalc-v2`, or `cocalc-mixed` where rows of both stand in one file."""
        chats = name_messages(found.chats)
        index = Index(chats)
        records = [by_thread(kind) for kind in (found.threads, found.configs, found.states)]
        group(chats, index, _named(records[0], index), {one for kind in records for one in kind})
        threads = _threads(chats, *records)
        taken = {chat.message_id for chat in chats}
        for thread in threads.values():
            identify(thread, index, taken, account)
        settle_configs(threads, found.stubs, index, account)
        for thread in threads.values():
            settle_state(thread, index, account)
        for chat in chats:
            if chat.others is not None or chat.notes is not None:
                _tell_of(chat, index, account)

    @property
    def facts(self) -> list[Fact]:
        """The facts, in no order of meaning."""
        return self._account.facts

    @property
    def anomalies(self) -> list[Anomaly]:
        """What was odd and what was decided."""
        return self._account.anomalies

    @property
    def fates(self) -> dict[int, str]:
        """`blank`, `record`, `attic`, `quarantined` or `duplicate`, by line."""
        return self._account.fates


def _look(lines: list[bytes], account: Account) -> tuple[list[Chat], list[Line]]:
    """Plain messages at once, the other rows each once; what cannot be read is quarantined."""
    chats: list[Chat] = []
    rows: list[Line] = []
    seen: set[bytes] = set()
    moments: dict[str, int] = {}
    for number, raw in enumerate(lines, 1):
        chat = plain_chat(number, raw, moments)
        if chat is not None:
            chats.append(chat)
            continue
        line = read_line(number, raw)
        whole = with_whole_characters(line) if line.problem else None
        if whole is not None and raw not in seen:
            account.keep_too(line, "halves of characters stand in it")
            found = "a character of which only one half is there"
            account.note("half_character", number, None, found, "it was replaced, the row is kept too")
            line = whole
        pieces = salvage(raw) if line.problem and line.problem != TOO_DEEP else None
        if pieces is not None and pieces.values:
            account.anomalies.append(salvaged(number, pieces))
            if not pieces.is_whole:
                account.keep_too(line, line.problem)
            for value in dict.fromkeys(pieces.values):
                one = read_line(number, value)
                if one.row is not None and not is_deep(one.row) and value not in seen:
                    seen.add(value)
                    rows.append(one)
        elif line.problem:
            account.quarantine(line, line.problem)
        elif line.row is None:
            account.blank(number)
        elif raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and is_deep(line.row):
            account.quarantine(line, TOO_DEEP)
        elif raw in seen:
            account.repeat(number)
        else:
            seen.add(raw)
            rows.append(line)
            if line.repeated:
                account.keep_too(line, "keys stand twice in it")
                found = f"{', '.join(line.repeated)} stand twice in the row"
                account.note("repeated_keys", number, None, found, "the last was taken, the row is kept too")
    return chats, rows


def _named(identities: dict[ThreadId, list[Record]], index: Index) -> dict[ThreadId, Chat]:
    """The rows that thread rows name as roots."""
    found: dict[ThreadId, Chat] = {}
    for thread_id, rows in identities.items():
        text = rows[0].text("root_message_id")
        root = index.find(text) if text is not None else None
        if root is not None:
            found[thread_id] = root
    return found


def _threads(
    chats: list[Chat],
    identities: dict[ThreadId, list[Record]],
    configs: dict[ThreadId, list[Record]],
    states: dict[ThreadId, list[Record]],
) -> dict[ThreadId, Thread]:
    """Every thread that a row is of, by id."""
    members: dict[ThreadId, list[Chat]] = defaultdict(list)
    for chat in chats:
        members[chat.thread_id].append(chat)
    return {
        one: Thread(one, members.get(one, []), *(kind.get(one, []) for kind in (identities, configs, states)))
        for one in sorted(members.keys() | identities.keys() | configs.keys() | states.keys())
    }


def _tell_of(chat: Chat, index: Index, account: Account) -> None:
    """What was odd about a message; its further rows are repetitions, or records that may say other things."""
    seen = {chat.raw}
    for other in sorted(chat.others or (), key=lambda one: one.number):
        if other.raw in seen:
            account.repeat(other.number)
            continue
        seen.add(other.raw)
        account.note(
            "same_message", other.number, chat.message_id, "another row is the same message", "they are one"
        )
        if not _agrees(chat, other, index):
            reason = f"another row of the message {chat.message_id}"
            account.keep_too(Line(number=other.number, raw=other.raw), reason)
    for one in (chat, *(chat.others or ())):
        for code, detail, decision in one.notes or ():
            account.note(code, one.number, chat.message_id, detail, decision)


def _agrees(chat: Chat, other: Chat, index: Index) -> bool:
    """Whether what a further row says, but for its texts, is what the message says."""
    for ours, theirs in ((chat.fields or {}, other.fields or {}), (chat.config or {}, other.config or {})):
        if any(_encode(ours.get(name)) != _encode(value) for name, value in theirs.items()):
            return False
    if other.old_message_id not in (None, chat.old_message_id, chat.message_id):
        return False
    if other.old_thread_id not in (None, chat.old_thread_id):
        return False
    if not other.replies:
        return True
    above = index.above(other)
    return above is not None and above.message_id in (chat.target, chat.message_id)


def _generation(found: Sorted) -> str:
    new = bool(found.threads or found.configs or found.states)
    new = new or any(chat.old_message_id is not None for chat in found.chats)
    old = any(chat.old_message_id is None for chat in found.chats)
    return "cocalc-mixed" if old and new else "cocalc-v2" if new else "cocalc"
