"""Replay summary: a thread told turn by turn in one shape, whatever it was read from, and two of them compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from migrate.transcript.turn import STATUSES, TranscriptTurn, last_turns, trimmed


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where two tellings of one thread part: a turn, and the field in which; never what stands there."""

    turn_id: str
    field: str


def summary(
    project_path: str, thread_id: str, turns: list[TranscriptTurn], limit: int | None = None
) -> dict[str, Any]:
    """The summary with the keys that programs know, of the last `limit` turns."""
    shown = last_turns(turns, limit)
    counts = Counter(turn.status for turn in shown)
    return {
        "projectPath": project_path,
        "threadID": thread_id,
        "turnCount": len(shown),
        **{f"{status}TurnCount": counts[status] for status in STATUSES},
        "turns": [
            {
                "turnID": turn.turn_id,
                "timestamp": turn.timestamp,
                "status": turn.status,
                "userText": turn.user_text,
                "assistantText": turn.assistant_text,
                "actions": [
                    {
                        "method": one.method,
                        "title": one.title,
                        "detail": one.detail,
                        "createdAt": one.created_at,
                    }
                    for one in turn.actions
                ],
            }
            for turn in shown
        ],
    }


def differences(
    left: Sequence[TranscriptTurn], right: Sequence[TranscriptTurn], *, actions_by_date: bool = False
) -> list[Difference]:
    """Where two tellings differ in what a summary shows; turns of one second may stand in either order.

    With `actions_by_date` actions are compared in the order of their dates, in which an event log tells them.
    """
    ours, theirs = _by_id(left), _by_id(right)
    found = [Difference(turn_id=key[0], field="missing_left") for key in theirs if key not in ours]
    for key, turn in ours.items():
        other = theirs.get(key)
        if other is None:
            found.append(Difference(turn_id=key[0], field="missing_right"))
        else:
            found += [
                Difference(turn_id=key[0], field=name) for name in _parting(turn, other, actions_by_date)
            ]
    return found


def _by_id(turns: Sequence[TranscriptTurn]) -> dict[tuple[str, int], TranscriptTurn]:
    """Turns by id; one that stands twice is two."""
    seen: Counter[str] = Counter()
    found = {}
    for turn in turns:
        found[turn.turn_id, seen[turn.turn_id]] = turn
        seen[turn.turn_id] += 1
    return found


def _parting(left: TranscriptTurn, right: TranscriptTurn, by_date: bool) -> list[str]:
    fields = [
        ("timestamp", left.timestamp, right.timestamp),
        ("status", left.status, right.status),
        ("user_text", trimmed(left.user_text), trimmed(right.user_text)),
        ("assistant_text", trimmed(left.assistant_text), trimmed(right.assistant_text)),
        ("actions", _shown_actions(left, by_date), _shown_actions(right, by_date)),
    ]
    return [name for name, one, other in fields if one != other]


def _shown_actions(turn: TranscriptTurn, by_date: bool) -> list[tuple[str, ...]]:
    actions = sorted(turn.actions, key=lambda one: one.created_at) if by_date else turn.actions
    return [(one.method, one.title, one.detail.replace("\r\n", "\n"), one.created_at) for one in actions]
