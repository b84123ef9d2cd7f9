"""The neutral session model: whatever tool wrote a log, its records become items of these few kinds, in file order."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Source = Literal["codex", "claude", "acp"]
SOURCES: tuple[Source, ...] = ("claude", "codex", "acp")

Kind = Literal[
    "prompt",  # What a person asked; counted.
    "said",  # What a person said besides: a command with arguments, a prompt typed while a turn ran.
    "answer",  # A text of the assistant; counted.
    "reasoning",  # A summary of its thoughts.
    "call",  # A tool call; counted once an id.
    "result",  # The result of one.
    "chunk",  # A piece of a text that is still streaming; `name` is the kind of the text.
    "usage",  # Tokens spent since the last one.
    "begin",  # A turn begins.
    "end",  # A turn ends; `name` is completed, interrupted or error.
    "boundary",  # The context was compacted here; what stood before it stays.
    "setting",  # `name` is a field of the thread's config, `data` its value.
    "attic",  # Known and not shown; the line is kept.
    "unknown",  # A kind nobody here knows; `name` says which, the line is kept.
]


class Item(msgspec.Struct, gc=False, omit_defaults=True):
    """One thing a record says; `key` is its uuid where it has one, `at` its time as it is written."""

    kind: Kind
    key: str = ""
    text: str = ""
    at: str | None = None
    name: str = ""
    call: str = ""
    data: Any = None
    parent: str = ""
    """The uuid of the record it follows, where the log says so."""
    session: str = ""
    """Whose it is, in logs of several sessions; empty for the log's own."""
    with_call: bool = False
    """Whether a result came with its call; another one may follow it."""


class Tokens(msgspec.Struct, omit_defaults=False):
    """Tokens as a log counts them; `reasoning` is part of `output`, `cached_input` part of `input`."""

    input: int = 0
    cached_input: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0

    def plus(self, other: Tokens, sign: int = 1) -> Tokens:
        """The sum with another, or the difference."""
        return Tokens(
            self.input + sign * other.input,
            self.cached_input + sign * other.cached_input,
            self.output + sign * other.output,
            self.reasoning + sign * other.reasoning,
            self.total + sign * other.total,
        )


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a session hangs on another: a `fork` or a `subagent` of it."""

    kind: Literal["fork", "subagent"]
    session: str
    detail: dict[str, Any] = {}
