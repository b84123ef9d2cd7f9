"""The turns that an event log tells, as transcripts hold them: ids as UUIDs, whole seconds, texts without margins."""

from __future__ import annotations

from chatdoc.store.projections.replay import Replay, ReplayTurn
from migrate.transcript.identity import as_uuid, derived_uuid
from migrate.transcript.turn import ZERO_DATE, Action, TranscriptTurn, trimmed, whole_seconds


def turns_of(replay: Replay) -> list[TranscriptTurn]:
    """The turns of a thread in the order of the log; one that runs has its question and nothing else yet."""
    return [turn_of(one) for one in replay.turns]


def turn_uuid(turn_id: str) -> str:
    """The id of a turn in a transcript; one that is neither ULID nor UUID, a provider's say, gives a derived one."""
    return as_uuid(turn_id) or derived_uuid("turn", turn_id)


def turn_of(turn: ReplayTurn) -> TranscriptTurn:
    """One turn; one that runs has its question and nothing else yet."""
    runs = turn.status == "pending"
    return TranscriptTurn(
        turn_id=turn_uuid(turn.turn_id),
        timestamp=_date(turn.timestamp),
        status=turn.status,
        user_text=trimmed(turn.user_text),
        # What is streamed while it runs is told at the next boundary, so that a boundary is all that writes.
        assistant_text="" if runs else trimmed(turn.assistant_text),
        actions=() if runs else tuple(_action(turn, place) for place in range(len(turn.actions))),
    )


def _action(turn: ReplayTurn, place: int) -> Action:
    told = turn.actions[place]
    return Action(method=told.method, title=told.title, detail=told.detail, created_at=_date(told.created_at))


def _date(date: str) -> str:
    try:
        return whole_seconds(date)
    except ValueError:
        return ZERO_DATE
