"""What the agent process of a thread is doing is told as it changes; whoever wants it to stop says so in the log."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from chatdoc.model.arguments import require_name, require_text, require_thread, require_value, shortly
from chatdoc.model.clock import iso
from chatdoc.model.commands.asker import Asker, named
from chatdoc.model.commands.log_state import require_log_state, require_turn_id
from chatdoc.model.commands.plan import Now, Plan, Stopped
from chatdoc.model.copy_json import own
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.event import Draft
from chatdoc.model.events.types import (
    Payload,
    ProjectMetaUpdated,
    Session,
    SessionSet,
    SessionStatus,
    SessionStopRequested,
    TurnInterruptRequested,
)
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View


class SetSession(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say what a thread's agent is doing; fields that are UNSET stay as they were.

    A session that is stopped has no ids of its provider any more, in the log; the directory of sessions keeps them.
    """

    thread_id: ThreadId
    status: SessionStatus
    provider_name: str | UnsetType | None = UNSET
    provider_session_id: str | UnsetType | None = UNSET
    provider_thread_id: str | UnsetType | None = UNSET
    active_turn_id: MessageId | None = None
    last_error: str | UnsetType | None = UNSET


class StopSession(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask the agent of a thread to end; the session is stopped, and its provider's ids are forgotten."""

    thread_id: ThreadId
    by: Asker = UNSET


class RequestTurnInterrupt(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask whoever runs a thread's turn to stop it; without `turn_id`, whichever runs."""

    thread_id: ThreadId
    turn_id: MessageId | None = None
    by: Asker = UNSET


class UpdateProject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Set fields of the project of this folder; those that are UNSET stay."""

    title: str | UnsetType = UNSET
    default_model: str | UnsetType | None = UNSET
    scripts: list[Any] | UnsetType = UNSET


def decide_set(command: SetSession, view: View, now: Now) -> Plan:
    """The plan for one event; its answer is a sequence."""
    log = require_log_state(now, "SetSession")
    require_thread(view, command.thread_id, "set the session")
    if command.status not in get_args(SessionStatus):
        expected = ", ".join(get_args(SessionStatus))
        raise CommandRefused(f"status: expected one of {expected}, got {shortly(command.status)}")
    for name in ("provider_name", "provider_session_id", "provider_thread_id", "last_error"):
        value = getattr(command, name)
        if value is not UNSET and value is not None:
            require_text(name, value)
    require_turn_id(log, view, command.thread_id, "active_turn_id", command.active_turn_id)
    stopped = command.status == "stopped"
    session = Session(
        status=command.status,
        provider_name=command.provider_name,
        provider_session_id=None if stopped else command.provider_session_id,
        provider_thread_id=None if stopped else command.provider_thread_id,
        active_turn_id=command.active_turn_id,
        user_message_id=_answered(view, command.active_turn_id),
        last_error=command.last_error,
        updated_at=iso(now.ms),
    )
    metadata = {
        spelled: value
        for spelled, value in (
            ("providerSessionId", command.provider_session_id),
            ("providerThreadId", command.provider_thread_id),
        )
        if isinstance(value, str)
    }
    plan = _told(command.thread_id, (SessionSet(thread_id=command.thread_id, session=session), metadata))
    return _stopping(plan, command.thread_id, metadata.get("providerSessionId")) if stopped else plan


def decide_stop(command: StopSession, view: View, now: Now) -> Plan:
    """The plan for the wish and for what it comes to, the second caused by the first."""
    require_log_state(now, "StopSession")
    require_thread(view, command.thread_id, "stop the session")
    at = iso(now.ms)
    stopped = Session(
        status="stopped",
        provider_session_id=None,
        provider_thread_id=None,
        active_turn_id=None,
        updated_at=at,
    )
    plan = _told(
        command.thread_id,
        (SessionStopRequested(thread_id=command.thread_id, created_at=at), named(command.by)),
        (SessionSet(thread_id=command.thread_id, session=stopped), {}),
    )
    return _stopping(plan, command.thread_id, None)


def decide_interrupt(command: RequestTurnInterrupt, view: View, now: Now) -> Plan:
    """The plan for one event; its answer is a sequence."""
    log = require_log_state(now, "RequestTurnInterrupt")
    require_thread(view, command.thread_id, "interrupt")
    require_turn_id(log, view, command.thread_id, "turn_id", command.turn_id)
    requested = TurnInterruptRequested(
        thread_id=command.thread_id, turn_id=command.turn_id, created_at=iso(now.ms)
    )
    return _told(command.thread_id, (requested, named(command.by)))


def decide_project(command: UpdateProject, view: View, now: Now) -> Plan:
    """The plan for one event of the project; its answer is a sequence."""
    log = require_log_state(now, "UpdateProject")
    if command.title is not UNSET:
        require_name("title", command.title)
    if command.default_model is not UNSET and command.default_model is not None:
        require_name("default_model", command.default_model)
    if command.scripts is not UNSET:
        if not isinstance(command.scripts, list):
            raise CommandRefused(f"scripts: expected a list, got {type(command.scripts).__name__}")
        require_value("scripts", command.scripts)
    project_id = log.project_id()
    updated = ProjectMetaUpdated(
        project_id=project_id,
        title=command.title,
        default_model=command.default_model,
        scripts=own(command.scripts),
        updated_at=iso(now.ms),
    )
    return Plan(facts=(), kind="sequence", events=(Draft(updated, project_id, "project"),))


def _stopping(plan: Plan, thread_id: ThreadId, session_id: str | None) -> Plan:
    session_id = session_id.strip() if session_id is not None else None
    return msgspec.structs.replace(plan, stopped=Stopped(thread_id, session_id or None))


def _answered(view: View, turn_id: MessageId | None) -> str | UnsetType | None:
    """What a turn answers; a turn that is known to answer nothing takes nobody's start."""
    if turn_id is None or not view.has_message(turn_id):
        return UNSET
    answered = view.field(turn_id, "parent_message_id")
    return answered if isinstance(answered, str) else None


def _told(thread_id: ThreadId, *said: tuple[Payload, dict[str, Any]]) -> Plan:
    drafts = tuple(
        Draft(payload, thread_id, metadata=metadata, cause=place - 1)
        for place, (payload, metadata) in enumerate(said)
    )
    return Plan(facts=(), kind="sequence", subject=thread_id, events=drafts)


SessionCommand = SetSession | StopSession | RequestTurnInterrupt | UpdateProject
