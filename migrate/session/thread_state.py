"""How far a session was told as a thread, and what was told: small values, stored with the cursor of the log."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.facts import Fact
from chatdoc.model.ids import ThreadId, derive
from migrate.session.item import Item, Tokens


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What the event log is told of a tool call: that it began, or how it ended."""

    activity_id: str
    thread: str
    kind: str
    summary: str
    failed: bool = False
    payload: dict[str, Any] = {}
    turn_id: str | None = None
    created_at: str
    """When it happened, as ISO 8601 in UTC with milliseconds."""


class Turn(msgspec.Struct, omit_defaults=True):
    """The turn that items belong to now; its first answer, thought or call bears what is known of it."""

    anchor: str = ""
    has_prompt: bool = False
    is_open: bool = False
    state: str = ""
    reason: str = ""
    spent: Tokens | None = None


class ThreadState(msgspec.Struct, omit_defaults=True):
    """How far one session was told: storable, and as small as what is open in it."""

    source: str
    session: str
    begun: bool = False
    early: list[Item] = []
    """Settings without a time from before anything with one."""
    clock: int = 0
    messages: int = 0
    prompts: int = 0
    answers: int = 0
    calls: int = 0
    spent: Tokens | None = None
    turn: Turn = msgspec.field(default_factory=Turn)
    explicit: bool = False
    """Whether the log says when turns begin."""
    streams: bool = False
    """Whether its texts come in pieces."""
    settings: dict[str, Any] = {}
    open_calls: dict[str, list[str]] = {}
    """Message and line of the calls that have no result yet, and a third text where one came with the call."""

    @property
    def thread_id(self) -> ThreadId:
        """The thread of this session, in whichever document it is."""
        return thread_of(self.source, self.session)


def thread_of(source: str, session: str) -> ThreadId:
    """The thread id of a session."""
    return ThreadId(derive("session", 0, source, session))


class Woven(msgspec.Struct):
    """What items gave: facts to enter, marks and states of which the last counts, and activities to tell."""

    facts: list[Fact] = []
    latest: dict[tuple[str, str], Fact] = {}
    activities: list[Activity] = []

    def take(self) -> Woven:
        """All that is here, which is empty afterwards."""
        taken = Woven(self.facts[:], dict(self.latest), self.activities[:])
        self.facts.clear()
        self.latest.clear()
        self.activities.clear()
        return taken

    def all_facts(self) -> list[Fact]:
        """The facts, those that hold until a later one after all others."""
        return [*self.facts, *self.latest.values()]
