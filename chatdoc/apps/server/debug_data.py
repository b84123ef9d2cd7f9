"""What the debug page shows of a document, read in one turn of its room: rows of plain values, every list bounded."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from chatdoc.apps.server.document_access import (
    agents_of,
    known,
    last_sequence,
    latest_updates,
    page_of_events,
    receipt_of,
    running_turns,
    why_read_only,
)
from chatdoc.crdt.keys import encode
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from chatdoc.model.events.event import Event
from chatdoc.model.facts import Fact
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ConfigChange, ThreadConfig
from chatdoc.model.records.thread_state import ThreadState
from chatdoc.model.view.view import View
from chatdoc.store.ports import Receipt
from invariants.report import IntegrityReport
from migrate.report import MigrationReport

THREADS_MAX = 500
MESSAGES_MAX = 200
UPDATES_MAX = 50
EVENTS_MAX = 40
RECEIPTS_MAX = 25
ATTIC_MAX = 100


class ThreadLine(NamedTuple):
    """One thread of the list."""

    thread: Thread
    config: ThreadConfig
    state: ThreadState | None
    messages: int


class ThreadPage(NamedTuple):
    """One thread in full."""

    line: ThreadLine
    messages: list[tuple[Message, list[tuple[str, str, str]]]]
    """The newest messages, each with its raw facts: root, key, text."""
    facts: list[tuple[str, str, str]]
    history: list[ConfigChange]
    queue: list[Message]
    approvals: list[Any]


class DocumentPage(NamedTuple):
    """One document in full."""

    document_id: str
    read_only: str | None
    """Why it can only be read; None when it can be changed."""
    store: str
    report: IntegrityReport
    threads: list[ThreadLine]
    threads_in_all: int
    turns: list[Any]
    events: list[Event]
    last_event: int
    receipts: list[Receipt]
    updates: list[tuple[int, int, str]]
    """Sequence, bytes and origin of the newest entries of the update log."""
    updates_in_all: int
    replicas: dict[int, int]
    migration: MigrationReport | None
    attic: list[AtticRow]
    thread: ThreadPage | None


def read_page(doc: Document, thread_id: str | None, store: str) -> DocumentPage:
    """Everything that is shown of a document, and of one of its threads."""
    everything = doc.threads(deleted=True)
    last = last_sequence(doc)
    events = list(page_of_events(doc, max(0, last - EVENTS_MAX), EVENTS_MAX))
    count, entries = latest_updates(doc, UPDATES_MAX)
    commands = list(dict.fromkeys(one.command_id for one in reversed(events) if one.command_id is not None))
    found = [receipt_of(doc, command_id) for command_id in commands[:RECEIPTS_MAX]]
    return DocumentPage(
        document_id=str(doc.document_id),
        read_only=str(reason) if (reason := why_read_only(doc)) is not None else None,
        store=store,
        report=doc.check(full=False),
        threads=[_line(doc, one) for one in everything[-THREADS_MAX:]][::-1],
        threads_in_all=len(everything),
        turns=running_turns(doc),
        events=events[::-1],
        last_event=last,
        receipts=[one for one in found if one is not None],
        updates=[(one.sequence, len(one.update), one.origin) for one in entries],
        updates_in_all=count,
        replicas=dict(sorted(known(doc).items(), key=lambda one: -one[1])),
        migration=doc.report,
        attic=doc.attic()[:ATTIC_MAX],
        thread=_thread(doc, thread_id) if thread_id is not None else None,
    )


def _line(doc: Document, thread: Thread) -> ThreadLine:
    thread_id = thread.thread_id
    return ThreadLine(
        thread, doc.config(thread_id), doc.state(thread_id), len(doc.view.members.get(thread_id, ()))
    )


def _thread(doc: Document, thread_id: str) -> ThreadPage:
    view = doc.view
    shown = doc.messages(thread_id, limit=MESSAGES_MAX, deleted=True)
    return ThreadPage(
        line=_line(doc, doc.thread(thread_id)),
        messages=[(one, _spelled(_facts_of_message(view, one.message_id))) for one in shown],
        facts=_spelled(_facts_of_thread(view, thread_id)),
        history=doc.config_history(thread_id),
        queue=agents_of(doc).queue(thread_id),
        approvals=_approvals(doc, thread_id),
    )


def _approvals(doc: Document, thread_id: str) -> list[Any]:
    try:
        found: list[Any] = doc.log.approvals(thread_id)
    except ChatdocError:
        return []
    return found


def _facts_of_message(view: View, message_id: str) -> list[Fact]:
    headers = view.header_variants.get(message_id) or [view.headers[message_id]]
    marks = [one for facts in view.marks.get(message_id, {}).values() for one in facts]
    return [*headers, *view.revisions.get(message_id, ()), *marks]


def _facts_of_thread(view: View, thread_id: str) -> list[Fact]:
    identities = view.thread_variants.get(thread_id) or [view.thread_facts[thread_id]]
    settings = [one for facts in view.settings.get(thread_id, {}).values() for one in facts]
    return [*identities, *settings, *view.states.get(thread_id, ())]


def _spelled(facts: list[Fact]) -> list[tuple[str, str, str]]:
    return [encode(fact) for fact in facts]


def as_json(value: object) -> str:
    """A value as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode()
