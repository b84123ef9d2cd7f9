"""Threads of a jupyterlab-chat file: one, or those that an export of ours tells in `metadata.chatdoc.threads`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Fact, Header, SettingFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, is_id
from migrate.cocalc.settings import RECORD, Said, settings_of

EXPORTED = "chatdoc"
"""The key in a `metadata` under which an export puts what jupyterlab-chat does not know."""
THREAD, REPLY = "thread_id", "reply_to_message_id"
"""Fields of a message under that key that place it."""
_TRACES = frozenset({"acp_thread_id", "acp_usage", "acp_interrupted"})
"""Fields that an agent's turn leaves; a thread with any has a config, if only the defaults."""


def told_threads(metadata: Any) -> list[dict[str, Any]]:
    """The threads that an export of ours tells, or none where what stands there is not of its kind."""
    exported = metadata.get(EXPORTED) if isinstance(metadata, dict) else None
    told = exported.get("threads") if isinstance(exported, dict) and exported.keys() == {"threads"} else None
    if not isinstance(told, list) or not all(map(_is_told, told)):
        return []
    return told if len({one[THREAD] for one in told}) == len(told) else []


def thread_of_root(date: str, message_id: str) -> ThreadId:
    """The id of the one thread of a file, by its root."""
    return ThreadId(derive("thread", ms_of(date), "jupyter", message_id))


def place(headers: list[Header], told: list[dict[str, Any]]) -> Iterator[Fact]:
    """The facts of the threads and of all messages, each in its thread and with a chain of replies to its root."""
    members: dict[str, list[Header]] = {one[THREAD]: [] for one in told}
    strays: list[Header] = []
    for header in headers:
        thread_id = (header.fields or {}).get(THREAD, next(iter(members)) if len(members) == 1 else None)
        fellows = members.get(thread_id) if isinstance(thread_id, str) else None
        (strays if fellows is None else fellows).append(header)
    taken = {header.message_id for header in headers}
    for one in told:
        thread_id, root_id = ThreadId(one[THREAD]), MessageId(one["root_message_id"])
        here = members[thread_id]
        if root_id in taken and all(header.message_id != root_id for header in here):
            if not here:
                continue
            root_id = min(here, key=_order).message_id
        taken.add(root_id)
        yield from _thread(thread_id, root_id, here, one)
    if strays:
        root = min(strays, key=_order)
        yield from _thread(thread_of_root(root.date, root.message_id), root.message_id, strays, {})
    elif not headers and not told:
        yield from _empty()


def _is_told(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and all(isinstance(one.get(name), str) and is_id(one[name]) for name in (THREAD, "root_message_id"))
        and isinstance(one.get("config", {}), dict)
    )


def _thread(
    thread_id: ThreadId, root_id: MessageId, headers: list[Header], told: dict[str, Any]
) -> Iterator[Fact]:
    roots = [header for header in headers if header.message_id == root_id]
    first = min(headers, key=_order, default=None)
    date = roots[0].date if roots else first.date if first is not None else iso(0)
    yield ThreadFact(
        thread_id=thread_id,
        created_at=date,
        created_by=roots[0].sender_id if roots else "",
        root_message_id=root_id,
        assumed=not roots,
    )
    if not roots:
        yield _placeholder(thread_id, root_id, date, "missing root")
    targets = _targets(root_id, headers) if told else {}
    for header in headers:
        fields = dict(header.fields or {})
        if told:
            fields.pop(THREAD, None)
            fields.pop(REPLY, None)
        target = None if header.message_id == root_id else targets.get(header.message_id, root_id)
        yield replace(header, thread_id=thread_id, reply_to_message_id=target, fields=fields or None)
    yield from _config(thread_id, date, headers, told)


def _targets(root_id: MessageId, headers: list[Header]) -> dict[MessageId, MessageId]:
    """What messages say they reply to, where that is in their thread and the chain ends at its root."""
    here = {header.message_id for header in headers}
    said = {header.message_id: (header.fields or {}).get(REPLY) for header in headers}
    found = {one: MessageId(target) for one, target in said.items() if target in here and target != one}
    ending = {root_id}
    for start in list(found):
        chain: list[MessageId] = []
        one = start
        while one not in ending and one in found and one not in chain:
            chain.append(one)
            one = found[one]
        if one in chain:
            del found[one]
        ending.update(chain)
    return found


def _config(
    thread_id: ThreadId, date: str, headers: list[Header], told: dict[str, Any]
) -> Iterator[SettingFact]:
    facts: list[SettingFact] = []
    if told.get("config"):
        facts = settings_of(thread_id, ms_of(date), [Said((RECORD, 0), ms_of(date), "", told["config"])])
        yield from facts
    if not facts and any(not _TRACES.isdisjoint(header.fields or ()) for header in headers):
        stamp = Stamp(derive("setting", ms_of(date), thread_id, "pin", "false"))
        yield SettingFact(thread_id=thread_id, field="pin", stamp=stamp, value=False, by="")


def _empty() -> Iterator[Fact]:
    """The one thread of a chat without messages, with a placeholder for its root."""
    thread_id = ThreadId(derive("thread", 0, "jupyter", "placeholder"))
    root_id = MessageId(derive("message", 0, "jupyter", "placeholder"))
    yield ThreadFact(
        thread_id=thread_id, created_at=iso(0), created_by="", root_message_id=root_id, assumed=True
    )
    yield _placeholder(thread_id, root_id, iso(0), "empty chat")


def _placeholder(thread_id: ThreadId, root_id: MessageId, date: str, what: str) -> Header:
    return Header(
        message_id=root_id,
        thread_id=thread_id,
        sender_id="",
        date=date,
        assumed=True,
        fields={"placeholder": what},
    )


def _order(header: Header) -> tuple[str, str]:
    return header.date, header.message_id
