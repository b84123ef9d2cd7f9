"""A reader of the log, as plain as can be: it folds events by what their payloads promise, and knows no view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET

from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    SessionSet,
    ThreadCreated,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnEnded,
    TurnStartRequested,
    TurnStartWithdrawn,
)


class Thread(msgspec.Struct):
    """A thread as told."""

    title: str
    model: str
    branch: str | None
    worktree_path: str | None
    config: dict[str, Any]
    deleted: bool = False


class Message(msgspec.Struct):
    """A message as told."""

    thread_id: str
    role: str
    text: str
    streaming: bool
    turn_id: str | None


class Folded:
    """What a reader of the log knows."""

    def __init__(self, drafts: Iterable[Draft] = ()) -> None:
        self.threads: dict[str, Thread] = {}
        self.messages: dict[str, Message] = {}
        self.sessions: dict[str, tuple[str, str | None]] = {}
        self.pending: set[tuple[str, str]] = set()
        self.fold(drafts)

    def fold(self, drafts: Iterable[Draft]) -> None:
        """Take events in order."""
        for draft in drafts:
            assert draft.stream_id == draft.payload.thread_id  # type: ignore[attr-defined]
            self._take(draft.payload)

    def _take(self, payload: Any) -> None:
        match payload:
            case ThreadCreated():
                self.threads[payload.thread_id] = Thread(
                    payload.title, payload.model, payload.branch, payload.worktree_path, {}
                )
            case ThreadMetaUpdated():
                self._configure(self.threads[payload.thread_id], payload)
            case ThreadDeleted():
                self.threads[payload.thread_id].deleted = True
            case ThreadRestored():
                self.threads[payload.thread_id].deleted = False
            case MessageSent():
                self._send(payload)
            case MessageEdited():
                self.messages[payload.message_id].text = payload.text
            case MessageDeleted():
                self.messages.pop(payload.message_id, None)
            case MessageRestored():
                self._put(payload, payload.text)
            case TurnStartRequested():
                self.pending.add((payload.thread_id, payload.message_id))
            case TurnStartWithdrawn():
                self.pending.discard((payload.thread_id, payload.message_id))
            case SessionSet():
                session = payload.session
                self.sessions[payload.thread_id] = (session.status, session.active_turn_id)
                if session.status == "running":
                    assert session.user_message_id is not UNSET, "somebody else's start would be taken"
                    self.pending.discard((payload.thread_id, str(session.user_message_id)))
            case TurnEnded():
                pass  # Turns are folded by the tables alone.
            case _:
                raise AssertionError(f"nobody derives {payload}")

    def _configure(self, thread: Thread, payload: ThreadMetaUpdated) -> None:
        for column in ("title", "model", "branch", "worktree_path"):
            if getattr(payload, column) is not UNSET:
                setattr(thread, column, getattr(payload, column))
        if payload.config is not UNSET:
            thread.config |= payload.config
            thread.config = {name: value for name, value in thread.config.items() if value is not None}

    def _send(self, payload: MessageSent) -> None:
        known = self.messages.get(payload.message_id)
        text = payload.text
        if known is not None and payload.streaming:
            text = known.text + text
        elif known is not None and not text:
            text = known.text
        self._put(payload, text)

    def _put(self, payload: MessageSent | MessageRestored, text: str) -> None:
        self.messages[payload.message_id] = Message(
            payload.thread_id, payload.role, text, payload.streaming, payload.turn_id
        )
