"""A view under watch, to which tests add facts; after every step the ledger is compared with a full check."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from chatdoc.model.clock import iso
from chatdoc.model.commands.decide import Command, decide
from chatdoc.model.commands.plan import Now
from chatdoc.model.delta import Delta
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
from chatdoc.model.ids import MessageId, Mint, RevisionId, Stamp, ThreadId, derive
from chatdoc.model.records.thread_state import State
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from invariants.checker import Checker, Outcome
from invariants.full import check_all
from invariants.rule import Violation

T1, T2, T3 = (ThreadId(derive("thread", number, "watched")) for number in (1, 2, 3))
ROOT, A, B, C, D = (MessageId(derive("message", 10 + number, "watched")) for number in range(5))
"""Five message ids, ascending; the first is the root that `thread` names."""


class Watched:
    """A view and its checker."""

    def __init__(self, *facts: Fact) -> None:
        self.view = View()
        self.checker = Checker(self.view)
        self.add(*facts)

    def add(self, *facts: Fact) -> Outcome:
        """Facts of a peer come in, as one transaction."""
        delta, _ = apply.apply(self.view, facts, origin="peer")
        return self.follow(delta)

    def follow(self, delta: Delta) -> Outcome:
        """Follow a delta that is in the view."""
        outcome = self.checker.follow(delta)
        assert self.checker.ledger() == check_all(self.view)
        return outcome

    def execute(self, command: Command) -> list[Violation]:
        """Decide a command and carry it out, unless it breaks a rule; what it would break."""
        mint = Mint(lambda: 5_000, Random(1).randbytes)
        plan = decide(command, self.view, Now(ms=5_000, ids=mint))
        return self.enter(plan.facts, command=type(command).__name__)

    def enter(self, facts: Iterable[Fact], *, command: str) -> list[Violation]:
        """Facts of an own command, previewed and then followed or undone; what they would break."""
        delta, added = apply.apply(self.view, facts, origin="own", command=command)
        broken = self.checker.preview(delta)
        if broken:
            apply.undo(self.view, added)
        else:
            self.checker.follow(delta)
        assert self.checker.ledger() == check_all(self.view)
        return broken

    def broken(self, code: str) -> dict[str, Violation]:
        """What is in the ledger under a code, by subject."""
        return {subject: one for (found, subject), one in self.checker.ledger().items() if found == code}


def thread(
    thread_id: ThreadId = T1, root: MessageId = ROOT, *, assumed: bool = False, created: int = 1
) -> ThreadFact:
    """The identity of a thread."""
    return ThreadFact(
        thread_id=thread_id, created_at=iso(created), created_by="ada", root_message_id=root, assumed=assumed
    )


def message(
    message_id: MessageId,
    reply_to: MessageId | None = None,
    thread_id: ThreadId = T1,
    *,
    at: int | None = None,
    sender: str = "ada",
    assumed: bool = False,
    content: str = "",
    **fields: Any,
) -> Header:
    """The header of a message; each has a date of its own unless `at` says otherwise."""
    own = 1_000 + (ROOT, A, B, C, D).index(message_id)
    return Header(
        message_id=message_id,
        thread_id=thread_id,
        sender_id=sender,
        date=iso(own if at is None else at),
        reply_to_message_id=reply_to,
        assumed=assumed,
        content=content,
        fields=fields or None,
    )


def mark(message_id: MessageId, field: str, value: Any, stamp: int = 1) -> MarkFact:
    """A later value of a field."""
    return MarkFact(message_id=message_id, field=field, stamp=stamped(stamp), value=value, by="ada")


def setting(field: str = "name", value: Any = "x", thread_id: ThreadId = T1, stamp: int = 1) -> SettingFact:
    """A setting of a thread."""
    return SettingFact(thread_id=thread_id, field=field, stamp=stamped(stamp), value=value, by="ada")


def state(
    name: State, active: MessageId | None = None, thread_id: ThreadId = T1, stamp: int = 1
) -> StateFact:
    """A thread's state."""
    return StateFact(
        thread_id=thread_id, stamp=stamped(stamp), state=name, updated_at=iso(1), active_message_id=active
    )


def revision(message_id: MessageId, content: str = "new") -> RevisionFact:
    """A later text."""
    return RevisionFact(
        message_id=message_id,
        revision_id=RevisionId(stamped(1)),
        author_id="ada",
        content=content,
        date=iso(1),
    )


def piece(message_id: MessageId, seq: int = 0, text: str = "tok") -> PieceFact:
    """A piece of a streaming answer."""
    return PieceFact(message_id=message_id, seq=seq, text=text)


def stamped(number: int) -> Stamp:
    """A stamp later than every date here; greater numbers give greater ones."""
    return Stamp(derive("stamp", 2_000 + number))


GOOD: tuple[Fact, ...] = (thread(), message(ROOT), message(A, ROOT), message(B, A), setting())
"""A thread with a root, a reply, a reply to that, and a name: nothing is broken."""
