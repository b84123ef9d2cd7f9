"""Transcripts of a project become threads of a document and turns of its event log; twice is once."""

from __future__ import annotations

import contextlib

import msgspec

from chatdoc.apps.importer.enter import enter
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, UnreadableFile
from chatdoc.model.ids import MessageId, ThreadId, derive
from chatdoc.model.view.view import View
from chatdoc.store.ledger.project import Project, ThreadTurns
from migrate.transcript.facts import facts_of
from migrate.transcript.identity import as_ulid


class ImportedThread(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one transcript gave."""

    thread_id: str = msgspec.field(name="threadID")
    """The thread's id in the document."""
    added_turn_count: int
    known_turn_count: int
    waiting_turn_count: int
    problem_count: int
    """How much of its files is damaged; what could be read came."""
    problem: str = ""
    """Why nothing of it came, a text that no record has room for say; empty where it did."""


def import_transcripts(document: Document, project: Project) -> list[ImportedThread]:
    """Bring every thread of a project that has a transcript or days into a document; twice is once.

    A transcript that cannot be read gives no row and stops no other: the project's `unreadable` names it.
    """
    found = []
    with project.listed_once():
        for thread_id in sorted({*project.thread_ids(), *(named for named, _ in project.days())}):
            with contextlib.suppress(UnreadableFile):
                found.append(_tried(document, thread_id, project.require_turns(thread_id)))
    return found


def _tried(document: Document, uuid: str, found: ThreadTurns) -> ImportedThread:
    try:
        return _import(document, uuid, found)
    except CommandRefused as error:
        return ImportedThread(
            thread_id=_thread_of(document.view, uuid),
            added_turn_count=0,
            known_turn_count=0,
            waiting_turn_count=0,
            problem_count=len(found.damage),
            problem=str(error),
        )


def _import(document: Document, uuid: str, found: ThreadTurns) -> ImportedThread:
    view = document.view
    thread_id = ThreadId(_thread_of(view, uuid))
    told = facts_of(
        thread_id,
        found.turns,
        begun=view.has_thread(thread_id),
        message_of=lambda turn: _message_of(view, thread_id, turn),
        is_known=lambda message: message in view.headers,
    )
    enter(document, told.facts, told.activities)
    return ImportedThread(
        thread_id=thread_id,
        added_turn_count=told.added,
        known_turn_count=told.known,
        waiting_turn_count=told.waiting,
        problem_count=len(found.damage),
    )


def _thread_of(view: View, uuid: str) -> str:
    """The id of a thread that a transcript spells as a UUID: as the document has it, or in lower case."""
    spellings = (as_ulid(uuid), uuid, uuid.lower())
    return next((one for one in spellings if view.has_thread(ThreadId(one))), uuid.lower())


def _message_of(view: View, thread_id: ThreadId, uuid: str) -> str:
    """The id of a turn's answer: its own, or one that derives where another thread has a turn of that id."""
    spellings = (as_ulid(uuid), uuid, uuid.lower())
    derived = derive("transcript answer", 0, thread_id, uuid)
    for one in (*spellings, derived):
        if one in view.headers and view.thread_of(MessageId(one)) == thread_id:
            return one
    return derived if any(one in view.headers for one in spellings) else uuid.lower()
