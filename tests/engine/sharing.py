"""Several processes on one store: each has a handle of its own, and hears that another wrote."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from chatdoc.document import Document
from chatdoc.engine.engine import Engine
from chatdoc.store.memory.store import MemoryStore
from chatdoc.store.ports import Registration, UnitOfWork
from chatdoc.testing.clocks import ManualClock

Answer = TypeVar("Answer")


def shared_store() -> MemoryStore:
    """A store in memory that several handles may share."""
    return MemoryStore(Registration(path="", document_id="shared", created_at_ms=0))


class Handle:
    """One process's handle of a store; what is to happen `before_begin` happens once, before it has the lock."""

    def __init__(self, shared: MemoryStore) -> None:
        self.shared = shared
        self.before_begin: Callable[[], object] | None = None
        self.feed = self
        self._seen = shared.updates.last_sequence()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shared, name)

    def write(self, work: Callable[[UnitOfWork], Answer]) -> Answer:
        """Like a process that is overtaken between its last look and its lock."""
        if self.before_begin is not None:
            act, self.before_begin = self.before_begin, None
            act()
        return self.shared.write(work)

    def changed(self) -> bool:
        """Whether another handle has appended since."""
        seen, self._seen = self._seen, self.shared.updates.last_sequence()
        return seen != self._seen

    def close(self) -> None:
        """A handle lets go of nothing that others use."""


def process(shared: MemoryStore, seed: int) -> tuple[Document, Handle]:
    """A document opened from a shared store, as another process would."""
    handle = Handle(shared)
    engine = Engine(handle, clock=ManualClock(), random=Random(seed).randbytes)  # type: ignore[arg-type]
    return Document(engine), handle
