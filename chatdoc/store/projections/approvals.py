"""Each request for leave is one row, pending until the first answer, and resolved for ever after it.

Only `approval.requested` opens one. An answer that could not be delivered resolves it when the agent no longer knows
the request; any other failure leaves it as it was.
"""

from __future__ import annotations

import re
from typing import Any

from chatdoc.model.events.event import Event
from chatdoc.model.events.types import ActivityAppended, ApprovalResponded
from chatdoc.store.projections.projector import Execute, Projector

TABLE = "projection_pending_approvals"
_REQUEST = (
    f"INSERT OR IGNORE INTO {TABLE} (request_id, thread_id, turn_id, status, created_at)"
    " VALUES (?, ?, ?, 'pending', ?)"
)
_RESOLVE = (
    f"INSERT INTO {TABLE} (request_id, thread_id, turn_id, status, decision, created_at, resolved_at)"
    " VALUES (?, ?, ?, 'resolved', ?, ?, ?) ON CONFLICT (request_id) DO UPDATE SET"
    " status = 'resolved', decision = excluded.decision, resolved_at = excluded.resolved_at"
    f" WHERE {TABLE}.status = 'pending'"
)
_GIVE_UP = (
    f"UPDATE {TABLE} SET status = 'resolved', resolved_at = ? WHERE request_id = ? AND status = 'pending'"
)

_FORGOTTEN = re.compile(
    r"\b(?:stale|unknown)(?: pending)?(?: (?:approval|permission))? request\b"
    r"|\brequest(?: \S+)? is (?:stale|unknown)\b",
    re.IGNORECASE,
)


def says_forgotten(detail: object) -> bool:
    """Whether the detail of a failed answer says that the agent does not know the request any more."""
    return isinstance(detail, str) and _FORGOTTEN.search(detail) is not None


def _appended(execute: Execute, event: Event, said: ActivityAppended) -> None:
    one = said.activity
    about: dict[str, Any] = one.payload if isinstance(one.payload, dict) else {}
    request_id = about.get("requestId") or event.metadata.get("requestId")
    if not isinstance(request_id, str):
        return
    if one.kind == "approval.requested":
        execute(_REQUEST, (request_id, said.thread_id, one.turn_id, one.created_at))
    elif one.kind == "approval.resolved":
        decision = about.get("decision")
        named = decision if isinstance(decision, str) else None
        values = (request_id, said.thread_id, one.turn_id, named, one.created_at, one.created_at)
        execute(_RESOLVE, values)
    elif one.kind == "provider.approval.respond.failed" and says_forgotten(about.get("detail")):
        execute(_GIVE_UP, (one.created_at, request_id))


def _responded(execute: Execute, _: Event, said: ApprovalResponded) -> None:
    at = said.created_at
    execute(_RESOLVE, (said.request_id, said.thread_id, None, said.decision, at, at))


APPROVALS = Projector(
    "projection.pending-approvals",
    (TABLE,),
    {ActivityAppended: _appended, ApprovalResponded: _responded},
)
