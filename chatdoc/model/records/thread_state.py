"""What a thread's agent is doing now."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatdoc.model.ids import MessageId, ThreadId

State = Literal["idle", "queued", "running", "interrupted", "error", "complete"]
TERMINAL: frozenset[str] = frozenset({"idle", "interrupted", "error", "complete"})


class ThreadState(msgspec.Struct, frozen=True, kw_only=True):
    """The latest state of one thread's turn."""

    thread_id: ThreadId
    state: State
    active_message_id: MessageId | None = None
    updated_at: str
    extra: dict[str, Any] = {}
    """Fields of other software, kept as they came."""
