"""Event kinds: which end a turn or a session, which only tell something, and which nobody here knows.

Agents have more words for an end than one: a turn that was aborted is as much over as one that was completed. What a
kind is called terminal by its protocol ends the turn, whatever else it says; of kinds that are in no list here none
ends anything, so they are counted and warned about.
"""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger("chatdoc.provider")

TURN_ENDS: dict[str, str] = {
    "turn.completed": "completed",
    "turn.ended": "completed",
    "turn.finished": "completed",
    "turn.failed": "failed",
    "turn.errored": "failed",
    "turn.aborted": "interrupted",
    "turn.interrupted": "interrupted",
    "turn.stopped": "interrupted",
    "turn.cancelled": "cancelled",
    "turn.canceled": "cancelled",
}
"""Kinds that end a turn, and how it ended where `payload.status` does not say."""

STATUSES: dict[str, str] = {
    "completed": "completed", "complete": "completed", "success": "completed", "succeeded": "completed",
    "done": "completed", "failed": "failed", "failure": "failed", "error": "failed", "errored": "failed",
    "interrupted": "interrupted", "aborted": "interrupted", "stopped": "interrupted",
    "cancelled": "cancelled", "canceled": "cancelled",
}  # fmt: skip
"""How agents call the end of a turn."""

SESSION_ENDS = frozenset(
    {"session.exited", "session.ended", "session.stopped", "session.closed", "session.terminated"}
)
"""Kinds that end a session, and the turns that run in it."""

_TOLD = frozenset(
    {
        "session.started", "session.configured", "session.updated", "thread.started", "thread.updated",
        "turn.started", "turn.diff.updated", "turn.plan.updated", "turn.usage.updated",
        "message.delta", "message.completed", "runtime.error", "runtime.warning", "checkpoint.captured",
        "approval.requested", "approval.resolved",
    }
)  # fmt: skip
_FAMILIES = (
    "item.", "content.", "request.", "user-input.", "task.", "hook.", "tool.", "auth.", "account.", "mcp.",
    "model.", "config.", "files.", "reasoning.", "plan.",
)  # fmt: skip
"""Beginnings of kinds that only tell something."""

KIND_LENGTH_MAX = 80
"""Characters of a kind's name in a warning and as a name of a counter."""
KINDS_MAX = 200
"""So many unknown kinds are counted by name; an agent that invents more is confused, and those count together."""
OTHERS = "(others)"


def is_known(kind: str) -> bool:
    """Whether a kind is in one of the lists here."""
    return kind in TURN_ENDS or kind in SESSION_ENDS or kind in _TOLD or kind.startswith(_FAMILIES)


class UnknownKinds:
    """How often each kind came that nobody here knows."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def see(self, kind: str, provider: str, thread_id: str) -> None:
        """Count a kind, and warn of it the first time it comes."""
        name = ascii(kind)[1:-1][:KIND_LENGTH_MAX]
        if name not in self.counts and len(self.counts) >= KINDS_MAX:
            name = OTHERS
        self.counts[name] += 1
        if self.counts[name] == 1:
            logger.warning(
                "unknown kind %s from %s in thread %s: kept as an activity, it ends nothing",
                name,
                ascii(provider)[1:-1][:KIND_LENGTH_MAX],
                thread_id,
            )
