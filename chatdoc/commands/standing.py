"""What commands that concern only the event log are decided on: the rows folded from it until now."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from chatdoc.commands.plan import Now
from chatdoc.errors import CommandRefused


class Request(NamedTuple):
    """A request for leave: whose thread's, `pending` or `resolved`, the answer, and until when it may be given."""

    thread_id: str
    status: str
    decision: str | None
    expires_at: str | None


class Standing(Protocol):
    """How things stand according to the log."""

    def project_id(self) -> str:
        """The project of the folder."""

    def request(self, request_id: str) -> Request | None:
        """A request for leave, answered or not."""

    def thread_of_activity(self, activity_id: str) -> str | None:
        """The thread of an activity that is in the log, shown or hidden by a revert; None when it is not."""

    def last_revert(self, thread_id: str) -> int | None:
        """The event of a thread's latest revert that still hides something."""


def standing(now: Now, command: str) -> Standing:
    """How things stand; raises CommandRefused for a document that has no event log."""
    if now.standing is None:
        raise CommandRefused(
            f"{command} concerns the event log, and a document in memory has none", hint="Open a file"
        )
    log: Standing = now.standing
    return log
