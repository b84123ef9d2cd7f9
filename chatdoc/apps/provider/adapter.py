"""An agent process is asked five things; whatever it raises is noted, and nobody else is kept waiting."""

from __future__ import annotations

from typing import Protocol

from chatdoc.model.events.types import Decision


class Adapter(Protocol):
    """How one kind of agent is spoken to. Each call only hands something over; what comes of it is told as events.

    `request_id` is the same for a call that is made again because a crash left open whether the first one was heard.
    """

    def start_turn(self, thread_id: str, message_id: str, *, request_id: str) -> None:
        """Answer a message that waits; the `turn.started` that comes of it names it as its `messageId`."""

    def interrupt(self, thread_id: str, turn_id: str | None, *, request_id: str) -> None:
        """Stop a turn, or whichever runs."""

    def respond_approval(
        self, thread_id: str, approval_id: str, decision: Decision, *, request_id: str
    ) -> None:
        """Tell what was decided about something the agent asked leave for."""

    def stop_session(self, thread_id: str, *, request_id: str) -> None:
        """End the agent of a thread."""

    def revert(self, thread_id: str, turn_count: int, *, request_id: str) -> None:
        """Go back to what the files, and the agent's memory, were after so many turns."""
