"""A thread's settings come from its records, its root, and whatever date-keyed writes left on other rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from chatdoc.model.ids import ThreadId
from migrate.cocalc.account import Account
from migrate.cocalc.chat import Chat
from migrate.cocalc.index import Index
from migrate.cocalc.records import config_fields
from migrate.cocalc.settings import AGENT, ELSEWHERE, RECORD, ROOT, SAME_MOMENT, STUB, Said, settings_of
from migrate.cocalc.sorting import Stub
from migrate.cocalc.threads import Thread

Threads = Mapping[ThreadId, Thread]


def settle_configs(threads: Threads, stubs: list[Stub], index: Index, account: Account) -> None:
    """Tell the settings of every thread; stubs that belong to none are kept as they are."""
    roots_at: dict[int, list[ThreadId]] = defaultdict(list)
    for thread_id, thread in threads.items():
        roots_at[thread.rooted.ms].append(thread_id)
    said: dict[ThreadId, list[Said]] = defaultdict(list)
    for thread_id, thread in threads.items():
        for number, record in enumerate(thread.configs):
            by = record.text("updated_by") or ""
            said[thread_id].append(Said((RECORD, number), record.ms, by, config_fields(record)))
        for chat in thread.chats:
            if chat.config is not None:
                owner, rank = _place(chat, thread, roots_at, account)
                said[owner].append(Said((rank, 0), chat.ms or 0, chat.sender, chat.config))
    for stub in stubs:
        place = _place_of_stub(stub, roots_at, index, account)
        if place is not None:
            said[place[0]].append(Said((place[1], 0), stub.ms or 0, "", stub.fields))
    for thread_id, thread in threads.items():
        words = said.get(thread_id, [])
        words += _told_by_agents(thread, words)
        facts = settings_of(thread_id, thread.rooted.ms, words) if words else []
        if not facts and (thread.states or thread.turns):
            # A thread that an agent worked in has a config, if only the default.
            facts = settings_of(thread_id, thread.rooted.ms, [Said((AGENT, 0), 0, "", {"pin": False})])
        account.facts += facts


def _place(
    chat: Chat, thread: Thread, roots_at: Mapping[int, list[ThreadId]], account: Account
) -> tuple[ThreadId, int]:
    """The thread a message's thread fields are of: a root's own, else that whose root has its millisecond."""
    if thread.rooted.root_id == chat.message_id:
        return thread.thread_id, ROOT
    here = roots_at.get(chat.ms, ()) if chat.ms is not None else ()
    place = here[0] if here else thread.thread_id
    detail = f"{', '.join(sorted(chat.config or ()))} of a thread stand on a message that is not its root"
    account.note(
        "misplaced_fields", chat.number, chat.message_id, detail, f"they are taken as settings of {place}"
    )
    return place, SAME_MOMENT if here else ELSEWHERE


def _place_of_stub(
    stub: Stub, roots_at: Mapping[int, list[ThreadId]], index: Index, account: Account
) -> tuple[ThreadId, int] | None:
    """The thread a stub's fields are of: one whose root has its millisecond, else that of a message there."""
    place: tuple[ThreadId, int] | None = None
    if stub.ms is not None:
        here = roots_at.get(stub.ms)
        beside = index.at(stub.ms)
        place = (here[0], STUB) if here else (beside[0].thread_id, ELSEWHERE) if beside else None
    if place is None:
        account.keep(stub.line, "fields for a millisecond where no message stands")
        account.note(
            "stray_fields", stub.line.number, None, "no message stands at its date", "kept word for word"
        )
        return None
    if not stub.whole:
        account.keep_too(stub.line, "fields for a message that it does not name")
    detail = "a row of some fields and no message"
    account.note("stub_row", stub.line.number, place[0], detail, "its fields are settings of the thread")
    return place


def _told_by_agents(thread: Thread, said: list[Said]) -> list[Said]:
    """What nobody set and the messages of an agent tell: that there was one, and the session to resume."""
    if not thread.agents:
        return []
    known = {name for one in said for name in one.fields}
    acp = [one.fields.get(name) for one in said for name in ("acp_config", "codex_config")]
    config: dict[str, Any] = {} if "agent_kind" in known else {"agent_kind": "acp"}
    if not any(isinstance(one, dict) and "sessionId" in one for one in acp):
        sessions = [
            chat.fields["acp_thread_id"]
            for chat in thread.agents
            if chat.fields is not None
            and isinstance(chat.fields.get("acp_thread_id"), str)
            and "acp_automation_id" not in chat.fields
        ]
        if sessions:
            config["acp_config"] = {"sessionId": sessions[-1]}
    return [Said((AGENT, 0), thread.rooted.ms, "", config)]
