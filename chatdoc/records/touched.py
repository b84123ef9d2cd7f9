"""What a transaction has touched so far, gathered while its facts are added."""

from __future__ import annotations

from typing import Any

from chatdoc.ids import MessageId, ThreadId
from chatdoc.records.delta import Delta, Loss

_NOTHING: frozenset[Any] = frozenset()


class Touched:
    """A delta in the making."""

    __slots__ = (
        "attic",
        "configs",
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
