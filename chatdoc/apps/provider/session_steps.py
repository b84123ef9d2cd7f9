"""The session of a thread's agent as the log has it: started, ended, failed; one that was replaced ends nothing.

A process that is slow to die tells of its end after the next one has begun. What it says then is of itself alone.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from chatdoc.apps.provider.kinds import SESSION_ENDS
from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.document import Document
from chatdoc.model.commands.sessions import SetSession
from chatdoc.model.errors import NotFound
from chatdoc.model.events.types import SessionStatus
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View
from chatdoc.store.agent_sessions import RuntimeStatus

FAILED = "The agent failed"
"""What is told of an error without words."""


class SessionSteps:
    """What an event says of a session, as commands of its document; in the transaction of the event."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def is_replaced(self, event: RuntimeEvent) -> bool:
        """Whether an event tells of the end of a session after which another one began in its thread."""
        own = event.provider_session_id
        if own is None or not (event.type in SESSION_ENDS or event.type == "runtime.error"):
            return False
        current = self._document.log.session(event.thread_id)
        if current is None or current.provider_session_id in (None, own):
            return False
        try:  # One that was never told of here is the current one under another name.
            return self._document.log.sessions.get(own).thread_id == event.thread_id
        except NotFound:
            return False

    def started(self, event: RuntimeEvent) -> None:
        """An agent is there; its thread has it from now on."""
        running = running_in(self._document.view, event.thread_id)
        self._list(event, "running", resume_cursor=event.payload.get("resumeCursor", UNSET))
        self.set(
            event,
            "ready" if running is None else "running",
            active_turn_id=running,
            provider_name=event.provider,
            provider_session_id=_if_said(event.provider_session_id),
            provider_thread_id=_if_said(event.provider_thread_id),
            last_error=None,
        )

    def ended(self, event: RuntimeEvent) -> None:
        """The agent of a thread is gone, or one that it had before."""
        if self.is_replaced(event):
            self._list(event, "error" if event.text("reason") == "error" else "stopped")
            return
        self.set(event, "stopped", provider_session_id=_if_said(event.provider_session_id))
        if event.text("reason") == "error":
            self._list(event, "error")

    def failed(self, event: RuntimeEvent) -> None:
        """The agent of a thread failed, and no turn of it says so."""
        if event.payload.get("willRetry") is True or self.is_replaced(event):
            return
        if running_in(self._document.view, event.thread_id) is not None:
            return
        words = event.text("message") or FAILED
        session = self._document.log.session(event.thread_id)
        # The turn that failed has said so.
        if session is None or (session.status, session.last_error) != ("error", words):
            self.set(event, "error", last_error=words)

    def set(self, event: RuntimeEvent, status: SessionStatus, **fields: Any) -> None:
        """What the agent of a thread is doing from now on."""
        command = SetSession(thread_id=ThreadId(event.thread_id), status=status, **fields)
        self._document.execute(command, command_id=event.key("session"))

    def _list(self, event: RuntimeEvent, status: RuntimeStatus, **fields: Any) -> None:
        if event.provider_session_id is not None:
            self._document.log.sessions.upsert(
                event.provider_session_id,
                thread_id=event.thread_id,
                provider_name=event.provider,
                provider_thread_id=_if_said(event.provider_thread_id),
                status=status,
                **fields,
            )


def running_in(view: View, thread_id: str) -> MessageId | None:
    """The turn that runs in a thread, the oldest where several do."""
    return min((one for one in tuple(view.generating) if view.thread_of(one) == thread_id), default=None)


def _if_said(value: str | None) -> Any:
    return UNSET if value is None else value
