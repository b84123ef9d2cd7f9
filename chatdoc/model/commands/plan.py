"""A plan is the pure answer to a command: the facts to write, and the record the caller gets back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from chatdoc.model.events.event import Draft
from chatdoc.model.facts import Fact
from chatdoc.model.ids import Mint

Subject = Literal["thread", "message", "config", "sequence", "none"]


class Diff(NamedTuple):
    """The text of the difference between two checkpoints of a thread."""

    thread_id: str
    from_turn: int
    to_turn: int
    text: str
    created_at: str


class Stopped(NamedTuple):
    """The agent of a thread has ended: one session of it, or all that run."""

    thread_id: str
    provider_session_id: str | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Facts to add, in order; `kind` and `subject` name the record that answers the command."""

    facts: tuple[Fact, ...]
    kind: Subject
    subject: str = ""
    removals: tuple[Fact, ...] = ()
    """Facts of the view that `facts` supersede; they leave the document in the same transaction."""
    events: tuple[Draft, ...] = ()
    """What only the event log knows; those that follow from `facts` are not among them."""
    diff: Diff | None = None
    stopped: Stopped | None = None
    """Whose sessions have ended in the directory of sessions."""


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """The moment a command is decided in: its milliseconds, and fresh ids."""

    ms: int
    ids: Mint
    log_state: Any = None
    """How things stand according to the event log (`log_state.LogState`); None for a document without one."""


Decide = Callable[[Any, Any, Now], Plan]
