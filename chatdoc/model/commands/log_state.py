"""What commands that concern only the event log are decided on: the rows folded from it until now."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from chatdoc.model.arguments import require_optional_name
from chatdoc.model.commands.plan import Now
from chatdoc.model.errors import CommandRefused
from chatdoc.model.view.view import View


class Request(NamedTuple):
    """A request for leave: whose thread's, `pending` or `resolved`, the answer, and until when it may be given."""

    thread_id: str
    status: str
    decision: str | None
    expires_at: str | None


class LogState(Protocol):
    """How things stand according to the log."""

    def project_id(self) -> str:
        """The project of the folder."""

    def request(self, request_id: str) -> Request | None:
        """A request for leave, answered or not."""

    def waiting(self, thread_id: str, turn_id: str) -> list[str]:
        """The requests of a turn that wait for an answer, the oldest first."""

    def thread_of_activity(self, activity_id: str) -> str | None:
        """The thread of an activity that is in the log, shown or hidden by a revert; None when it is not."""

    def thread_of_turn(self, turn_id: str) -> str | None:
        """The thread of a turn that is in the log, shown or hidden by a revert; None when it is not."""

    def last_revert(self, thread_id: str) -> int | None:
        """The event of a thread's latest revert that still hides something."""


def require_log_state(now: Now, command: str) -> LogState:
    """How things stand; raises CommandRefused for a document that has no event log."""
    if now.log_state is None:
        raise CommandRefused(
            f"{command} concerns the event log, and a document in memory has none", hint="Open a file"
        )
    log: LogState = now.log_state
    return log


def require_turn_id(log: LogState, view: View, thread_id: str, name: str, turn_id: Any) -> None:
    """Raise CommandRefused unless this is None or may name a turn of the thread; one only its agent knows may."""
    require_optional_name(name, turn_id)
    if turn_id is None:
        return
    home = view.thread_of(turn_id) if view.has_message(turn_id) else log.thread_of_turn(turn_id)
    if home is not None and home != thread_id:
        raise CommandRefused(
            f"{name}: turn {turn_id} is of thread {home}, expected one of thread {thread_id}",
            hint="What is told of a turn is told in its own thread; an id is that of one turn of the folder",
        )
