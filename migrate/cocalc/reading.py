"""A CoCalc file is read as a whole: rows are sorted, named, grouped and rooted, and each becomes facts or is kept."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from chatdoc.ids import MessageId, ThreadId
from chatdoc.records.facts import Fact, SettingFact, ThreadFact
from migrate.cocalc.chat import Chat
from migrate.cocalc.dates import read_date, spelled
from migrate.cocalc.grouping import group
from migrate.cocalc.lines import Line, attic_row, read_lines
from migrate.cocalc.messages import is_agent, message_facts
from migrate.cocalc.naming import message_named, name_messages
from migrate.cocalc.records import (
    by_thread,
    config_fields,
    make_state,
    state_fact,
    thread_fields,
    updated_ms,
)
from migrate.cocalc.rooting import Rooted, root_thread
from migrate.cocalc.settings import Said, settings_of
from migrate.cocalc.sorting import Sorted, sort_rows
from migrate.report import Anomaly

ROOT, SAME_MOMENT, STUB, ELSEWHERE = 10, 11, 12, 13
"""Ranks of settings found on message rows; those of config rows go before."""


class Reading:
    """Facts, the fate of every line, and what was odd."""

    def __init__(self, source: bytes) -> None:
        self.facts: list[Fact] = []
        self.fates: dict[int, str] = {}
        self.anomalies: list[Anomaly] = []
        self.generation = "cocalc"
        """`cocalc`, `cocalc-v2`, or `cocalc-mixed` where rows of both stand in one file."""
        self._names: dict[str, MessageId] = {}
        lines = list(read_lines(source))
        rows = self._distinct(lines)
        found = sort_rows(rows)
        for line, reason in found.rest:
            self._keep(line, "row", reason)
        self.generation = _generation(found)
        name_messages(found.chats)
        group(found.chats)
        for chat in found.chats:
            self._names[chat.message_id] = chat.message_id
            if chat.old_message_id is not None:
                self._names[chat.old_message_id] = chat.message_id
        self._threads(found)

    def note(self, code: str, line: int | None, subject: str | None, detail: str, decision: str) -> None:
        """Note something odd."""
        self.anomalies.append(
            Anomaly(code=code, line=line, subject=subject, detail=detail, decision=decision)
        )

    def _distinct(self, lines: list[Line]) -> list[Line]:
        """The rows, each once; what cannot be read is quarantined, what stands twice is said so."""
        seen: set[bytes] = set()
        rows = []
        for line in lines:
            if line.problem:
                self.fates[line.number] = "quarantined"
                self.facts.append(attic_row(line, "line", line.problem))
                self.note("quarantined", line.number, None, line.problem, "kept word for word")
            elif line.row is None:
                self.fates[line.number] = "blank"
            elif line.raw in seen:
                self.fates[line.number] = "duplicate"
                self.note("duplicate_line", line.number, None, "the line stands twice", "it is one record")
            else:
                seen.add(line.raw)
                rows.append(line)
                self.fates[line.number] = "record"
                if line.repeated:
                    self.facts.append(attic_row(line, "row", "keys stand twice in it"))
                    found = f"{', '.join(line.repeated)} stand twice in the row"
                    self.note(
                        "repeated_keys", line.number, None, found, "the last was taken, the row is kept too"
                    )
        return rows

    def _keep(self, line: Line, kind: str, reason: str) -> None:
        self.facts.append(attic_row(line, kind, reason))
        self.fates[line.number] = "attic"

    def _threads(self, found: Sorted) -> None:
        chats: dict[ThreadId, list[Chat]] = defaultdict(list)
        for chat in found.chats:
            chats[chat.thread_id].append(chat)
        identities, configs, states = map(by_thread, (found.threads, found.configs, found.states))
        rooted: dict[ThreadId, Rooted] = {}
        for thread_id in sorted(chats.keys() | identities.keys() | configs.keys() | states.keys()):
            rows = chats.get(thread_id, [])
            rooted[thread_id] = self._thread(thread_id, rows, identities.get(thread_id, []))
        stray = self._config(found, chats, configs, rooted)
        for thread_id, one in rooted.items():
            self._state(one, chats.get(thread_id, []), states.get(thread_id, []))
        for line in stray:
            self._keep(line, "row", "fields for a millisecond where no message stands")
            self.note(
                "stray_fields", line.number, None, "no message stands at its date", "kept word for word"
            )
        for chat in found.chats:
            for code, detail, decision in chat.notes:
                self.note(code, chat.line.number, chat.message_id, detail, decision)

    def _thread(self, thread_id: ThreadId, chats: list[Chat], rows: list[Line]) -> Rooted:
        row = rows[0].row if rows else None
        for line in rows[1:]:
            self._keep(line, "row", "another record of the same thread")
        named_text = row.get("root_message_id") if row is not None else None
        named = self._message(named_text) if isinstance(named_text, str) and named_text.strip() else None
        rooted = root_thread(thread_id, chats, named)
        if rooted.placeholder is not None:
            self.facts.append(rooted.placeholder)
            detail = f"no row of the file is the root of its {len(chats)} messages"
            self.note(
                "missing_root", None, thread_id, detail, f"a placeholder {rooted.root_id} stands for it"
            )
        created = read_date(row.get("created_at")) if row is not None else None
        created_at = row["created_at"] if row is not None and created is not None else rooted.created_at
        by = row.get("created_by") if row is not None else None
        extra = thread_fields(row) if row is not None else {}
        old = next(
            (chat.old_thread_id for chat in chats if chat.old_thread_id not in (None, thread_id)), None
        )
        if old is not None and "legacy_thread_id" not in extra:
            extra["legacy_thread_id"] = old
        self.facts.append(
            ThreadFact(
                thread_id=thread_id,
                created_at=_canonical(created_at),
                created_by=by if isinstance(by, str) else rooted.created_by,
                root_message_id=rooted.root_id,
                assumed=rooted.placeholder is not None,
                extra=dict(sorted(extra.items())) or None,
            )
        )
        root = next((chat for chat in chats if chat.message_id == rooted.root_id), None)
        root_date = root.date if root is not None else rooted.created_at
        for chat in chats:
            chat.fields.pop("legacy_thread_id", None)
            self.facts.extend(message_facts(chat, root_date))
        return rooted

    def _config(
        self,
        found: Sorted,
        chats: dict[ThreadId, list[Chat]],
        configs: dict[ThreadId, list[Line]],
        rooted: dict[ThreadId, Rooted],
    ) -> list[Line]:
        """Settings of every thread; returns the stubs that belong to none."""
        said: dict[ThreadId, list[Said]] = defaultdict(list)
        roots_at: dict[int, list[ThreadId]] = defaultdict(list)
        for thread_id, one in rooted.items():
            root_ms = read_date(one.created_at) or 0
            roots_at[root_ms].append(thread_id)
            for rank, line in enumerate(configs.get(thread_id, [])):
                row: dict[str, Any] = line.row or {}
                by = row.get("updated_by")
                said[thread_id].append(
                    Said(
                        min(rank, ROOT - 1),
                        updated_ms(row),
                        by if isinstance(by, str) else "",
                        config_fields(row),
                    )
                )
        for chat in found.chats:
            if chat.config:
                thread_id, rank = self._place(chat, rooted, roots_at)
                said[thread_id].append(Said(rank, chat.ms or 0, chat.sender, chat.config))
        stray = []
        for stub in found.stubs:
            threads = sorted(roots_at.get(stub.ms, ())) if stub.ms is not None else []
            if not threads:
                stray.append(stub.line)
            for thread_id in threads:
                said[thread_id].append(Said(STUB, stub.ms or 0, "", stub.fields))
                detail = "a row of some fields and no message"
                self.note(
                    "stub_row", stub.line.number, thread_id, detail, "its fields are settings of the thread"
                )
        for thread_id in sorted(rooted):
            self.facts.extend(
                self._settings(rooted[thread_id], chats.get(thread_id, []), said.get(thread_id, []))
            )
        return stray

    def _place(
        self, chat: Chat, rooted: dict[ThreadId, Rooted], roots_at: dict[int, list[ThreadId]]
    ) -> tuple[ThreadId, int]:
        if rooted[chat.thread_id].root_id == chat.message_id:
            return chat.thread_id, ROOT
        here = sorted(roots_at.get(chat.ms or -1, ()))
        place = here[0] if here else chat.thread_id
        detail = f"{', '.join(sorted(chat.config))} of a thread stand on a message that is not its root"
        self.note(
            "misplaced_fields", chat.line.number, chat.message_id, detail, f"taken as settings of {place}"
        )
        return place, SAME_MOMENT if here else ELSEWHERE

    def _settings(self, rooted: Rooted, chats: list[Chat], said: list[Said]) -> list[SettingFact]:
        root_ms = read_date(rooted.created_at) or 0
        agents = [chat for chat in chats if is_agent(chat) or chat.was_generating]
        if agents:
            sessions = [chat for chat in agents if isinstance(chat.fields.get("acp_thread_id"), str)]
            config: dict[str, Any] = {"agent_kind": "acp"}
            if sessions:
                config["acp_config"] = {"sessionId": sessions[-1].fields["acp_thread_id"]}
            known = {name for one in said for name in one.fields}
            acp = [one.fields["acp_config"] for one in said if isinstance(one.fields.get("acp_config"), dict)]
            if any(one.get("sessionId") for one in acp):
                config.pop("acp_config", None)
            if "agent_kind" in known:
                config.pop("agent_kind")
            said = [*said, Said(ELSEWHERE + 1, root_ms, "", config)]
        return settings_of(rooted.thread_id, root_ms, said)

    def _state(self, rooted: Rooted, chats: list[Chat], rows: list[Line]) -> None:
        root_ms = read_date(rooted.created_at) or 0
        ids = {chat.message_id for chat in chats} | {rooted.root_id}
        for line in rows[1:]:
            self._keep(line, "row", "another state of the same thread")
        if rows:
            row: dict[str, Any] = rows[0].row or {}
            old = row.get("active_message_id")
            active = self._message(old) if isinstance(old, str) and old.strip() else None
            if active is not None and active not in ids:
                detail = f"active_message_id {old} is no message of the thread"
                self.note("dangling_active_message", rows[0].number, rooted.thread_id, detail, "left out")
                active = None
            fact, decided = state_fact(rooted.thread_id, row, active, root_ms)
            if decided:
                self.note("state_at_rest", rows[0].number, rooted.thread_id, "a file runs no turns", decided)
            self.facts.append(fact)
            return
        agents = [chat for chat in chats if is_agent(chat) or chat.was_generating]
        if not agents:
            return
        running = [chat for chat in agents if chat.was_generating]
        newest = running[-1] if running else agents[-1]
        interrupted = bool(running) or newest.fields.get("acp_interrupted") is True
        state = "interrupted" if interrupted else "complete"
        self.facts.append(make_state(rooted.thread_id, state, newest.message_id, newest.ms or root_ms))

    def _message(self, old: str) -> MessageId:
        return self._names.get(old) or message_named(old)


def _canonical(date: str) -> str:
    ms = read_date(date)
    return date if ms is None else spelled(ms)


def _generation(found: Sorted) -> str:
    new = bool(found.threads or found.configs or found.states)
    new = new or any(chat.old_message_id is not None for chat in found.chats)
    old = any(chat.old_message_id is None for chat in found.chats)
    return "cocalc-mixed" if old and new else "cocalc-v2" if new else "cocalc"
