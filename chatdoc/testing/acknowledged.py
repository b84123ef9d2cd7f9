"""What a store acknowledged it keeps: each receipt and its answer, each request's first answer, each config."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from chatdoc.document import Document
from chatdoc.model.commands.activities import AppendActivity, ExpireApproval, RequestApproval, RespondApproval
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteThread, RestoreThread
from chatdoc.model.commands.fork_thread import ForkThread
from chatdoc.model.commands.sessions import SetSession, StopSession
from chatdoc.model.commands.turn_stream import BindSession
from chatdoc.model.events.close_requests import is_over
from chatdoc.model.facts import SettingFact
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View
from chatdoc.store.projections.projector import Execute

Setting = tuple[str, str, str]
"""Thread, field and stamp."""

_RECEIPTS = (
    "SELECT command_id, command_digest, status, error, result, result_sequence"
    " FROM orchestration_command_receipts"
)
_REQUESTS = "SELECT request_id, status, decision FROM projection_pending_approvals"
_ACTIVITIES = (
    "SELECT activity_id FROM projection_thread_activities UNION ALL"
    " SELECT row_id FROM reverted_rows WHERE table_name = 'projection_thread_activities'"
)


class Answered(NamedTuple):
    """A command with an id, and what it was answered: a record, or the text of its refusal."""

    document: str
    command_id: str
    command: Command
    answer: Any
    refused: bool


class Acknowledged:
    """What one store answered, whichever process was asked."""

    def __init__(self) -> None:
        self.answered: list[Answered] = []
        self.receipts: dict[str, tuple[Any, ...]] = {}
        self.requests: dict[str, tuple[str, str | None]] = {}
        self._asked: dict[str, RequestApproval] = {}
        self.activities: set[str] = set()
        self.sessions: dict[str, int] = {}
        """The last event by which a command told a session, by thread."""
        self.taken: set[str] = set()
        """Threads where a command told of a turn that runs, which takes the start that waited longest."""

    def take(self, document: Document, command: Command, answer: Any) -> None:
        """Remember what a command that was carried out leaves in the log."""
        match command:
            case RequestApproval():
                self.requests[command.request_id] = ("pending", None)
                self._asked[command.request_id] = command
                self.activities.add(command.request_id)
            case RespondApproval():
                self.requests[command.request_id] = ("resolved", command.decision)
            case ExpireApproval():
                self.requests[command.request_id] = ("resolved", "expired")
                self.activities.add(f"{command.request_id}:expired")
            case AppendActivity() if answer:
                self._take_activity(command)
            case SetSession() | StopSession():
                self.sessions[command.thread_id] = answer
                if isinstance(command, SetSession) and command.status == "running":
                    self.taken.add(command.thread_id)

    def _take_activity(self, command: AppendActivity) -> None:
        if command.activity_id is not None:
            self.activities.add(command.activity_id)
        about = command.payload if isinstance(command.payload, dict) else {}
        request_id = about.get("requestId", "")
        if command.kind.endswith("respond.failed") and self.requests.get(request_id) == ("pending", None):
            self.requests[request_id] = ("resolved", None)

    def answer(self, execute: Execute, answered: Answered) -> None:
        """Remember the answer to a command id; raises AssertionError when it has no receipt."""
        found = {row[0]: row for row in execute(_RECEIPTS)}
        assert answered.command_id in found, f"{answered.command_id} was acknowledged without a receipt"
        self.answered.append(answered)
        self.receipts[answered.command_id] = found[answered.command_id]

    def told(self, last: Mapping[str, int]) -> set[str]:
        """Threads whose session was last told by a command; `last` is the last event that told one, by thread."""
        return {thread_id for thread_id, sequence in self.sessions.items() if last.get(thread_id) == sequence}

    def assert_kept(self, execute: Execute, views: Collection[View]) -> None:
        """Raise AssertionError unless every receipt, request and activity is there as it was acknowledged.

        Requests of a turn that is over in one of the documents are closed with it.
        """
        for request_id, asked in self._asked.items():
            if self.requests[request_id] == ("pending", None) and any(
                _is_over(view, asked) for view in views
            ):
                self.requests[request_id] = ("resolved", "cancel")
        found = {row[0]: row for row in execute(_RECEIPTS)}
        for command_id, row in self.receipts.items():
            assert found.get(command_id) == row, f"the receipt of {command_id} became {found.get(command_id)}"
        requests = {row[0]: row[1:] for row in execute(_REQUESTS)}
        assert requests == self.requests, f"requests are {requests}, acknowledged were {self.requests}"
        gone = self.activities - {row[0] for row in execute(_ACTIVITIES)}
        assert not gone, f"activities {sorted(gone)} are gone"


class Configs:
    """Every setting that any config command wrote, on any machine: no other one may ever be seen."""

    def __init__(self) -> None:
        self.known: set[Setting] = set()

    def begin(self, view: View) -> None:
        """Take what a document begins with."""
        self.known |= _settings(view)

    def follow(self, view: View, command: Command | None = None) -> None:
        """Raise AssertionError for settings that a command, or without one a delivery or an opening, may not write."""
        new = _settings(view) - self.known
        match command:
            case ConfigureThread():
                wrong = {one for one in new if one[0] != command.thread_id or one[1] == "deleted"}
            case CreateThread() | ForkThread():
                wrong = {one for one in new if one[1] == "deleted"}
            case DeleteThread() | RestoreThread():
                wrong = new - {one for one in new if one[:2] == (command.thread_id, "deleted")}
            case BindSession():
                wrong = new - {one for one in new if one[:2] == (command.thread_id, "acp_config.sessionId")}
            case _:
                wrong = new
        assert not wrong, f"{type(command).__name__} set {sorted(wrong)}"
        self.known |= new


def _is_over(view: View, asked: RequestApproval) -> bool:
    turn_id = asked.turn_id
    return turn_id is not None and view.thread_of(turn_id) == asked.thread_id and is_over(view, turn_id)


def _settings(view: View) -> set[Setting]:
    return {(one.thread_id, one.field, one.stamp) for one in all_facts(view) if isinstance(one, SettingFact)}
