"""A delta names what one transaction changed, in records, so that a rule looks at nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.ids import MessageId, ThreadId


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """A lasting fact that somebody removed or overwrote; `subject` is the record it belongs to."""

    root: str
    key: str
    subject: str
    text: str | None
    """What it said, when this replica still knows."""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """The records one transaction touched, and who caused it.

    `origin` is a command id, a peer's name, `migration`, `repair` or `store`; `command` is the command's class name
    where one of ours caused it. A thread id appears in each set whose kind of record changed.
    """

    origin: str
    command: str | None = None
    threads: frozenset[ThreadId] = frozenset()
    messages: frozenset[MessageId] = frozenset()
    configs: frozenset[ThreadId] = frozenset()
    states: frozenset[ThreadId] = frozenset()
    settings: frozenset[tuple[ThreadId, str]] = frozenset()
    """The fields that were set in `configs`, each with its thread."""
    attic: frozenset[str] = frozenset()
    new_threads: frozenset[ThreadId] = frozenset()
    relinked: frozenset[MessageId] = frozenset()
    """Messages that now reach a root or no longer do, or joined or left a circle: a target came, or one was moved."""
    losses: tuple[Loss, ...] = ()
    reused: frozenset[int] = frozenset()
    """Client ids under which two different contents came."""

    unreadable: frozenset[str] = frozenset()
    """Entries of the Y document (`root/key`) that became or ceased to be no fact."""

    hidden: frozenset[str] = frozenset()
    """Records of which a fact that is shown left the Y document, or came back to it."""

    def __bool__(self) -> bool:
        return bool(
            self.threads
            or self.messages
            or self.configs
            or self.states
            or self.attic
            or self.losses
            or self.reused
            or self.unreadable
            or self.hidden
        )


_NOTHING: frozenset[Any] = frozenset()


class Touched:
    """A delta in the making."""

    __slots__ = (
        "attic",
        "configs",
        "leaving",
        "messages",
        "moved",
        "new_threads",
        "relinked",
        "settings",
        "states",
        "threads",
    )

    def __init__(self) -> None:
        self.threads: set[ThreadId] = set()
        self.messages: set[MessageId] = set()
        self.configs: set[ThreadId] = set()
        self.states: set[ThreadId] = set()
        self.settings: set[tuple[ThreadId, str]] = set()
        self.attic: set[str] = set()
        self.new_threads: set[ThreadId] = set()
        self.relinked: set[MessageId] = set()
        self.moved: set[ThreadId] = set()
        """Threads of messages that were moved; their links are found anew once all facts are in."""
        self.leaving: dict[ThreadId, set[MessageId]] | None = None
        """Messages that go from their threads, where many go at once; None where they go one by one."""

    def delta(
        self,
        *,
        origin: str,
        command: str | None,
        losses: tuple[Loss, ...],
        reused: frozenset[int] = frozenset(),
    ) -> Delta:
        """The finished delta."""
        return Delta(
            origin=origin,
            command=command,
            threads=frozenset(self.threads) if self.threads else _NOTHING,
            messages=frozenset(self.messages) if self.messages else _NOTHING,
            configs=frozenset(self.configs) if self.configs else _NOTHING,
            states=frozenset(self.states) if self.states else _NOTHING,
            settings=frozenset(self.settings) if self.settings else _NOTHING,
            attic=frozenset(self.attic) if self.attic else _NOTHING,
            new_threads=frozenset(self.new_threads) if self.new_threads else _NOTHING,
            relinked=frozenset(self.relinked) if self.relinked else _NOTHING,
            losses=losses,
            reused=reused,
        )
