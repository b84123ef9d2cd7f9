"""What commands on the event log are decided on is read from the rows folded until now, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatdoc.model.commands.log_state import Request
from chatdoc.store.projections.activities import TABLE
from chatdoc.store.projections.queries import approval
from chatdoc.store.projections.row_types import from_json
from chatdoc.store.tables import Tables

_ACTIVITY = (
    "SELECT thread_id, payload_json, NULL FROM projection_thread_activities WHERE activity_id = ?"
    " UNION ALL SELECT thread_id, NULL, row_json FROM reverted_rows"
    " WHERE table_name = 'projection_thread_activities' AND row_id = ?"
)
_TURN = (
    "SELECT thread_id FROM projection_thread_turns WHERE turn_id = ?"
    " UNION ALL SELECT thread_id FROM reverted_rows"
    " WHERE table_name = 'projection_thread_turns' AND row_id = ?"
)
_PAYLOAD = TABLE.columns.index("payload_json")
_WAITING = (
    "SELECT request_id FROM projection_pending_approvals"
    " WHERE thread_id = ? AND status = 'pending' AND turn_id = ? ORDER BY created_at, request_id"
)
_DOING = "look up what a command is decided on"
_LAST_REVERT = "SELECT max(revert_sequence) FROM reverted_rows WHERE thread_id = ?"


class FoldedLogState:
    """How things stand according to the folded rows; see `chatdoc.model.commands.log_state.LogState`."""

    def __init__(self, tables: Tables, project_id: Callable[[], str]) -> None:
        self._tables, self._project_id = tables, project_id

    def project_id(self) -> str:
        """The project of the document."""
        return self._project_id()

    def request(self, request_id: str) -> Request | None:
        """A request for leave, answered or not."""
        found = self._tables.ask(lambda execute: approval(execute, request_id), _DOING)
        if found is None:
            return None
        about = self._payload(request_id)
        expires_at = about.get("expiresAt") if isinstance(about, dict) else None
        return Request(
            found.thread_id,
            found.status,
            found.decision,
            expires_at if isinstance(expires_at, str) else None,
        )

    def waiting(self, thread_id: str, turn_id: str) -> list[str]:
        """The requests of a turn that wait for an answer, the oldest first."""
        return [request_id for (request_id,) in self._rows(_WAITING, (thread_id, turn_id))]

    def thread_of_activity(self, activity_id: str) -> str | None:
        """The thread of an activity that is in the log, shown or hidden by a revert; None when it is not."""
        found = self._rows(_ACTIVITY, (activity_id, activity_id))
        return found[0][0] if found else None

    def thread_of_turn(self, turn_id: str) -> str | None:
        """The thread of a turn that is in the log, shown or hidden by a revert; None when it is not."""
        found = self._rows(_TURN, (turn_id, turn_id))
        return found[0][0] if found else None

    def last_revert(self, thread_id: str) -> int | None:
        """The event of a thread's latest revert that still hides something."""
        found: int | None = self._rows(_LAST_REVERT, (thread_id,))[0][0]
        return found

    def _payload(self, activity_id: str) -> Any:
        found = self._rows(_ACTIVITY, (activity_id, activity_id))
        if not found:
            return None
        _, shown, hidden = found[0]
        if hidden is not None:
            shown = from_json(hidden, list, "reverted_rows", activity_id)[_PAYLOAD]
        return from_json(shown, Any, TABLE.name, activity_id)

    def _rows(self, question: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        return self._tables.ask(lambda execute: execute(question, values).fetchall(), _DOING)
