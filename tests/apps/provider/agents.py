"""Agents that note what they are asked, and refuse what they are told to refuse."""

from __future__ import annotations

from typing import Any


class Scribe:
    """An adapter that writes every call down; calls named in `refuses` raise after it."""

    def __init__(self, *refuses: str, words: str = "no such agent") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.request_ids: list[str] = []
        self.refuses, self.words = set(refuses), words

    def start_turn(self, thread_id: str, message_id: str, *, request_id: str) -> None:
        """See the adapter."""
        self._note(request_id, "start_turn", message_id)

    def interrupt(self, thread_id: str, turn_id: str | None, *, request_id: str) -> None:
        """See the adapter."""
        self._note(request_id, "interrupt", turn_id)

    def respond_approval(self, thread_id: str, approval_id: str, decision: str, *, request_id: str) -> None:
        """See the adapter."""
        self._note(request_id, "respond_approval", approval_id, decision)

    def stop_session(self, thread_id: str, *, request_id: str) -> None:
        """See the adapter."""
        self._note(request_id, "stop_session", thread_id)

    def revert(self, thread_id: str, turn_count: int, *, request_id: str) -> None:
        """See the adapter."""
        self._note(request_id, "revert", turn_count)

    def _note(self, request_id: str, name: str, *said: Any) -> None:
        self.calls.append((name, *said))
        self.request_ids.append(request_id)
        if name in self.refuses:
            raise RuntimeError(self.words)
