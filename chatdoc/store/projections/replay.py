"""What happened in a thread, turn by turn: who asked what, what was answered, and what was done for it.

The shape is the replay summary of CodexChat: a turn is pending, completed or failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from chatdoc.model.errors import NotFound
from chatdoc.store.projections.projector import Execute, json_text
from chatdoc.store.projections.queries import message, thread, turn, turns
from chatdoc.store.projections.row_types import Turn, from_json

Status = Literal["pending", "completed", "failed"]

STATUS: dict[str, Status] = {
    "running": "pending",
    "completed": "completed",
    "interrupted": "failed",
    "error": "failed",
}
"""What a turn's status is called in a replay."""

_ROOT = "SELECT workspace_root FROM projection_projects WHERE project_id = ?"
_MESSAGES = (
    "SELECT message_id, role, turn_id, text FROM projection_thread_messages WHERE thread_id = ?"
    " ORDER BY created_at, message_id"
)
_ACTIVITIES = (
    "SELECT activity_id, turn_id, kind, summary, payload_json, created_at FROM projection_thread_activities"
    " WHERE thread_id = ? AND turn_id IS NOT NULL ORDER BY created_at, activity_id"
)
_ACTIVITY = (
    "SELECT activity_id, turn_id, kind, summary, payload_json, created_at FROM projection_thread_activities"
    " WHERE activity_id = ? AND turn_id IS NOT NULL"
)


class ReplayAction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing an agent did in a turn."""

    method: str
    title: str
    detail: str
    created_at: str


class ReplayTurn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One turn: the question, the answer, and what was done between them."""

    turn_id: str = msgspec.field(name="turnID")
    timestamp: str
    status: Status
    user_text: str
    assistant_text: str
    actions: list[ReplayAction]


class TurnParts(NamedTuple):
    """What belongs to a turn, in whatever order: the ids of its messages and of its activities."""

    messages: dict[str, None]
    activities: dict[str, None]


class Replay(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The turns of a thread and how they went."""

    project_path: str
    thread_id: str = msgspec.field(name="threadID")
    turn_count: int
    pending_turn_count: int
    failed_turn_count: int
    completed_turn_count: int
    turns: list[ReplayTurn]


def replay_thread(execute: Execute, thread_id: str, *, limit: int | None = None) -> Replay:
    """The summary of a thread's turns, of the last `limit` ones where that is given; raises NotFound."""
    of_thread = thread(execute, thread_id)
    if of_thread is None:
        raise NotFound(
            f"the event log has no thread {thread_id}", hint="`chatdoc snapshot` lists the threads"
        )
    project = execute(_ROOT, (of_thread.project_id,)).fetchone()
    found = _turns(execute, thread_id)
    shown = found if limit is None else found[max(0, len(found) - limit) :]
    counts = {status: sum(1 for turn in shown if turn.status == status) for status in STATUS.values()}
    return Replay(
        project_path="" if project is None else project[0],
        thread_id=thread_id,
        turn_count=len(shown),
        pending_turn_count=counts["pending"],
        failed_turn_count=counts["failed"],
        completed_turn_count=counts["completed"],
        turns=shown,
    )


def replay_turns(execute: Execute, parts: Mapping[str, TurnParts]) -> list[ReplayTurn]:
    """Some turns as `replay_thread` tells them, in the order of their starts; those that are not shown are left out.

    All rows are found by their keys, so other turns of the thread cost nothing.
    """
    found = []
    for turn_id, belonging in parts.items():
        row = turn(execute, turn_id)
        if row is None:
            continue
        asked, said = row.user_message_id, row.assistant_message_id
        read = [message(execute, one) for one in {*belonging.messages, asked, said} if one is not None]
        rows = sorted((one for one in read if one is not None), key=lambda one: (one.created_at, one.id))
        texts = {one.id: one.text for one in rows}
        answers = [one.text for one in rows if one.role == "assistant" and one.turn_id == turn_id]
        activities = [one for key in set(belonging.activities) for one in execute(_ACTIVITY, (key,))]
        activities.sort(key=lambda one: (one[5], one[0]))
        found.append(_turn(row, texts, answers, [_action(*one) for one in activities]))
    return sorted(found, key=lambda one: (one.timestamp, one.turn_id))


def _turns(execute: Execute, thread_id: str) -> list[ReplayTurn]:
    texts: dict[str, str] = {}
    answers: dict[str, list[str]] = defaultdict(list)
    for message_id, role, turn_id, text in execute(_MESSAGES, (thread_id,)):
        texts[message_id] = text
        if role == "assistant" and turn_id is not None:
            answers[turn_id].append(text)
    actions: dict[str, list[ReplayAction]] = defaultdict(list)
    for activity_id, turn_id, *told in execute(_ACTIVITIES, (thread_id,)):
        actions[turn_id].append(_action(activity_id, turn_id, *told))
    return [
        _turn(row, texts, answers.get(row.turn_id, []), actions.get(row.turn_id, []))
        for row in turns(execute, thread_id)
    ]


def _turn(row: Turn, texts: Mapping[str, str], answers: list[str], actions: list[ReplayAction]) -> ReplayTurn:
    said = answers or [texts.get(row.assistant_message_id or "", "")]
    return ReplayTurn(
        turn_id=row.turn_id,
        timestamp=row.started_at,
        status=STATUS[row.status],
        user_text=texts.get(row.user_message_id or "", ""),
        assistant_text="\n\n".join(text for text in said if text),
        actions=actions,
    )


def _action(
    activity_id: str, _turn_id: str, kind: str, summary: str, payload: str, created_at: str
) -> ReplayAction:
    detail = _detail(from_json(payload, Any, "projection_thread_activities", activity_id))
    return ReplayAction(method=kind, title=summary, detail=detail, created_at=created_at)


def _detail(payload: Any) -> str:
    """What an activity says besides: its `detail` where it has one, else all of it as JSON."""
    if payload is None:
        return ""
    if isinstance(payload, str):
        return payload
    detail = payload.get("detail") if isinstance(payload, dict) else None
    return detail if isinstance(detail, str) else json_text(payload)
