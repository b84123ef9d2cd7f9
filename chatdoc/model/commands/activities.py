"""What an agent did, asked leave for or ran into is told once, in its thread; an answer to a request is given once."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from chatdoc.model.arguments import require_name, require_text, require_thread, require_value, shortly
from chatdoc.model.clock import iso, ms_of
from chatdoc.model.commands.asker import Asker, named
from chatdoc.model.commands.log_state import Request, require_log_state, require_turn_id
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.events.close_requests import closed, is_over
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import Activity, ActivityAppended, ApprovalResponded, Decision, Tone
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

DETAIL_LENGTH_MAX = 180
"""Longer summaries are cut; what an activity is about in full belongs into its payload."""


class AppendActivity(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Note one thing an agent did; `activity_id` makes telling it again harmless.

    `created_at` (ISO 8601) is when it happened, for what is told later than that; now if not given.
    """

    thread_id: ThreadId
    kind: str
    summary: str
    tone: Tone = "info"
    payload: Any = None
    turn_id: MessageId | None = None
    activity_id: str | None = None
    metadata: dict[str, Any] = {}
    created_at: str | UnsetType = UNSET
    # Not None: receipts hold digests of commands, and what is UNSET is not spelled.


class RequestApproval(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask leave for something; `expires_at` (ISO 8601) is until when it may be given."""

    thread_id: ThreadId
    request_id: str
    summary: str
    payload: dict[str, Any] = {}
    turn_id: MessageId | None = None
    expires_at: str | None = None


class RespondApproval(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Answer a request that is pending and has not expired."""

    thread_id: ThreadId
    request_id: str
    decision: Decision
    by: Asker = UNSET


class ExpireApproval(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Close a request whose time is over, or that never had one, without an answer."""

    thread_id: ThreadId
    request_id: str


def decide_activity(command: AppendActivity, view: View, now: Now) -> Plan:
    """The plan for one event, or for none when the activity was told before; its answer is a sequence."""
    log = require_log_state(now, "AppendActivity")
    require_thread(view, command.thread_id, "note an activity")
    require_name("kind", command.kind)
    _require_one_of("tone", command.tone, Tone)
    require_text("summary", command.summary)
    require_value("payload", command.payload)
    require_turn_id(log, view, command.thread_id, "turn_id", command.turn_id)
    _require_object("metadata", command.metadata)
    happened = iso(now.ms) if command.created_at is UNSET else _date("created_at", command.created_at)
    about = command.payload if isinstance(command.payload, dict) else {}
    request_id = about.get("requestId") if isinstance(about.get("requestId"), str) else None
    asks = request_id is not None and command.kind == "approval.requested"
    activity_id = command.activity_id
    if asks:
        activity_id = _as_request(activity_id, request_id, about.get("expiresAt"))
    if activity_id is not None:
        require_name("activity_id", activity_id)
        told_in = log.thread_of_activity(activity_id)
        if told_in == command.thread_id:
            return Plan(facts=(), kind="sequence", subject=command.thread_id)
        _require_unused("activity_id", activity_id, told_in)
    activity = Activity(
        id=activity_id or now.ids.mint(),
        tone=command.tone,
        kind=command.kind,
        summary=command.summary[:DETAIL_LENGTH_MAX],
        payload=own(command.payload),
        turn_id=command.turn_id,
        created_at=happened,
    )
    metadata = dict(command.metadata)
    if request_id is not None:
        metadata["requestId"] = request_id
    if asks and request_id is not None:
        return _asked(view, command.thread_id, activity, request_id, metadata)
    return _told(command.thread_id, activity, metadata)


def decide_request(command: RequestApproval, view: View, now: Now) -> Plan:
    """The plan for one event that opens a request; its answer is a sequence.

    When the turn it names is over, a second event closes it: who asks right after an interrupt hears what he would
    have heard had he asked right before it.
    """
    log = require_log_state(now, "RequestApproval")
    require_thread(view, command.thread_id, "ask leave")
    require_name("request_id", command.request_id)
    require_text("summary", command.summary)
    _require_object("payload", command.payload)
    require_turn_id(log, view, command.thread_id, "turn_id", command.turn_id)
    if log.request(command.request_id) is not None:
        raise CommandRefused(
            f"request {shortly(command.request_id)} was made before",
            hint="Give every request an id of its own",
        )
    _require_unused("request_id", command.request_id, log.thread_of_activity(command.request_id))
    payload = {**own(command.payload), "requestId": command.request_id}
    if command.expires_at is not None:
        payload["expiresAt"] = _date("expires_at", command.expires_at)
    activity = Activity(
        id=command.request_id,
        tone="approval",
        kind="approval.requested",
        summary=command.summary[:DETAIL_LENGTH_MAX],
        payload=payload,
        turn_id=command.turn_id,
        created_at=iso(now.ms),
    )
    metadata = {"requestId": command.request_id}
    return _asked(view, command.thread_id, activity, command.request_id, metadata)


def decide_response(command: RespondApproval, view: View, now: Now) -> Plan:
    """The plan for one answer; raises CommandRefused for a request that is answered or expired."""
    request = _pending(command.thread_id, command.request_id, now, "RespondApproval")
    _require_one_of("decision", command.decision, Decision)
    if request.expires_at is not None and now.ms >= ms_of(request.expires_at):
        raise CommandRefused(
            f"request {shortly(command.request_id)} expired at {request.expires_at}",
            hint="The agent must ask again; ExpireApproval closes this one",
        )
    responded = ApprovalResponded(
        thread_id=command.thread_id,
        request_id=command.request_id,
        decision=command.decision,
        created_at=iso(now.ms),
    )
    metadata = {"requestId": command.request_id, **named(command.by)}
    draft = Draft(responded, command.thread_id, metadata=metadata)
    return Plan(facts=(), kind="sequence", subject=command.thread_id, events=(draft,))


def decide_expiry(command: ExpireApproval, view: View, now: Now) -> Plan:
    """The plan for closing a request; raises CommandRefused while its time is not over."""
    request = _pending(command.thread_id, command.request_id, now, "ExpireApproval")
    if request.expires_at is not None and now.ms < ms_of(request.expires_at):
        raise CommandRefused(
            f"request {shortly(command.request_id)} may be answered until {request.expires_at}",
            hint="Answer it, or wait",
        )
    activity = Activity(
        id=f"{command.request_id}:expired",
        tone="approval",
        kind="approval.resolved",
        summary="Nobody answered in time",
        payload={"requestId": command.request_id, "decision": "expired"},
        created_at=iso(now.ms),
    )
    return _told(command.thread_id, activity, {"requestId": command.request_id})


def _pending(thread_id: str, request_id: str, now: Now, command: str) -> Request:
    log = require_log_state(now, command)
    require_name("request_id", request_id)
    request = log.request(request_id)
    if request is None or request.thread_id != thread_id:
        raise NotFound(
            f"there is no request {shortly(request_id)} in thread {thread_id}",
            hint="approvals() lists those that wait for an answer",
        )
    if request.status != "pending":
        raise CommandRefused(
            f"request {shortly(request_id)} is closed: {request.decision or 'the agent no longer knows it'}",
            hint="The first answer holds",
        )
    return request


def _told(thread_id: ThreadId, activity: Activity, metadata: dict[str, Any]) -> Plan:
    draft = Draft(ActivityAppended(thread_id=thread_id, activity=activity), thread_id, metadata=metadata)
    return Plan(facts=(), kind="sequence", subject=thread_id, events=(draft,))


def _asked(
    view: View, thread_id: ThreadId, activity: Activity, request_id: str, metadata: dict[str, Any]
) -> Plan:
    """The plan for a request, with its end where its turn is over."""
    turn_id = activity.turn_id
    plan = _told(thread_id, activity, metadata)
    if turn_id is None or not view.has_message(turn_id):
        return plan
    if not is_over(view, turn_id):
        return plan
    end = closed(view, thread_id, turn_id, request_id, now_iso=activity.created_at, cause=0)
    return msgspec.structs.replace(plan, events=(*plan.events, end))


def _as_request(activity_id: object, request_id: object, expires_at: object) -> Any:
    """The id of the activity by which a request is made: that of the request, by which its time is found again."""
    if activity_id is not None and activity_id != request_id:
        raise CommandRefused(
            f"activity_id: expected that of the request, {shortly(request_id)}, got {shortly(activity_id)}",
            hint="An activity approval.requested has the id of its request; request_approval makes one",
        )
    if expires_at is not None:
        _date("payload.expiresAt", expires_at)
    return request_id


def _date(name: str, date: Any) -> str:
    try:
        return iso(ms_of(date))
    except (TypeError, ValueError) as error:
        raise CommandRefused(
            f"{name}: expected an ISO 8601 date from 1970 to 9999, got {shortly(date)}"
        ) from error


def _require_object(name: str, value: object) -> None:
    if not isinstance(value, dict):
        raise CommandRefused(f"{name}: expected a dict, got {type(value).__name__}")
    require_value(name, value)


def _require_unused(name: str, activity_id: str, told_in: str | None) -> None:
    if told_in is not None:
        raise CommandRefused(
            f"{name}: {shortly(activity_id)} is an activity of thread {told_in} already",
            hint="Ids of activities and requests belong to one folder; put the thread's or session's id into them",
        )


def _require_one_of(name: str, value: object, choice: Any) -> None:
    if value not in get_args(choice):
        raise CommandRefused(f"{name}: expected one of {', '.join(get_args(choice))}, got {shortly(value)}")


ActivityCommand = AppendActivity | RequestApproval | RespondApproval | ExpireApproval
