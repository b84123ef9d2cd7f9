"""A delta names what one transaction changed, in records, so that a rule looks at nothing else."""

from __future__ import annotations

import msgspec

from chatdoc.ids import MessageId, ThreadId


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
        )
