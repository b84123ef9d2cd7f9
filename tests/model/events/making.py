"""A document of one thread, told change by change; each builder sets only what matters."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.events.derive import derive
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Payload, TurnEnded
from chatdoc.model.facts import (
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId
from chatdoc.model.ids import derive as derive_id
from chatdoc.model.records.thread_state import State
from chatdoc.model.view import apply
from chatdoc.model.view.view import View

T = ThreadId(derive_id("thread", 1_000, "t"))
ROOT, ASK, ANSWER = (MessageId(derive_id("message", ms, "m")) for ms in (1_000, 2_000, 3_000))
NOW = iso(9_000)
STAMPED = iso(2_000)
"""The moment of every stamp."""
OVER = TurnEnded(thread_id=T, turn_id=ANSWER, status="completed", ended_at=STAMPED)
"""The end of the answer's turn, where no session tells of it."""


def stamp(number: int) -> Stamp:
    """A stamp of one moment; greater numbers give greater ones."""
    return Stamp(derive_id("stamp", 2_000)[:10] + f"{number:016d}")


class Told:
    """A view, and what every change of it told."""

    def __init__(self, *facts: Fact) -> None:
        self.view = View()
        self.tell(*facts)

    def drafts(self, *facts: Fact) -> list[Draft]:
        """What a change of these facts tells."""
        delta, added = apply.apply(self.view, facts, origin="test")
        return derive(self.view, delta, added, project_id="p", now_iso=NOW)

    def tell(self, *facts: Fact) -> list[Payload]:
        """The payloads of what a change tells."""
        return [one.payload for one in self.drafts(*facts)]


def thread(**fields: Any) -> ThreadFact:
    """The thread."""
    given = {"created_at": iso(1_000), "created_by": "ada", "root_message_id": ROOT, **fields}
    return ThreadFact(thread_id=T, **given)


def message(
    message_id: MessageId = ASK, content: str = "Hi", sender_id: str = "ada", **fields: Any
) -> Header:
    """A message of the thread, a second later for each."""
    ms = 1_000 * (1 + (ROOT, ASK, ANSWER).index(message_id))
    given = {"thread_id": T, "date": iso(ms), **fields}
    return Header(message_id=message_id, content=content, sender_id=sender_id, **given)


def writing(content: str = "", **fields: Any) -> Header:
    """The answer of an agent, being written."""
    return message(ANSWER, content, "codex", fields={"generating": True, **fields})


def mark(field: str, value: Any, number: int = 1, message_id: MessageId = ASK) -> MarkFact:
    """A later value of a field; a greater number goes before."""
    return MarkFact(message_id=message_id, field=field, stamp=stamp(number), value=value, by="ada")


def setting(field: str, value: Any, number: int = 1) -> SettingFact:
    """A setting of the thread."""
    return SettingFact(thread_id=T, field=field, stamp=stamp(number), value=value, by="ada")


def state(name: State, active: MessageId | None = None, number: int = 1) -> StateFact:
    """A state of the thread."""
    return StateFact(
        thread_id=T, stamp=stamp(number), state=name, updated_at=iso(5_000), active_message_id=active
    )


def revision(
    content: str, number: int = 1, message_id: MessageId = ASK, author_id: str = "ada"
) -> RevisionFact:
    """A later text."""
    revision_id = RevisionId(derive_id("revision", 7_000 + number))
    return RevisionFact(
        message_id=message_id, revision_id=revision_id, author_id=author_id, content=content, date=iso(6_000)
    )


def piece(seq: int, text: str) -> PieceFact:
    """A piece of the answer."""
    return PieceFact(message_id=ANSWER, seq=seq, text=text)
