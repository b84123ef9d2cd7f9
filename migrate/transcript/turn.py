"""Turns as transcripts hold them: who asked what, what was answered, and what was done, addressed by UUID."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import msgspec

from chatdoc.model.clock import EPOCH, iso, ms_of

Status = Literal["pending", "completed", "failed"]
STATUSES: tuple[Status, ...] = ("pending", "completed", "failed")
ZERO_DATE = EPOCH[:19] + "Z"
"""The date of what has none."""

# What Foundation's `.whitespacesAndNewlines` holds; Python's own `strip()` also takes U+001C to U+001F away.
WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing an agent did in a turn; `extra` holds the fields that are not known here."""

    method: str
    title: str
    detail: str
    created_at: str
    item_id: str | None = None
    item_type: str | None = None
    extra: dict[str, Any] = {}


class TranscriptTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn; `turn_id` is a UUID in upper case, `timestamp` ISO 8601 in whole seconds."""

    turn_id: str
    timestamp: str
    status: Status
    user_text: str
    assistant_text: str
    actions: tuple[Action, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong in a file, where, and what was made of it; never what the users wrote."""

    code: str
    line: int
    decision: str


def trimmed(text: str) -> str:
    """The text with line ends of one kind and without white space around it, as transcripts hold it."""
    return text.replace("\r\n", "\n").strip(WHITE_SPACE)


@lru_cache(maxsize=1024)
def whole_seconds(date: str) -> str:
    """An ISO date as transcripts spell it, `YYYY-MM-DDTHH:MM:SSZ`; raises ValueError for what is no such date."""
    return iso(ms_of(date))[:19] + "Z"


def latest_date(turns: list[TranscriptTurn]) -> str:
    """The newest date that turns and their actions carry; the date of 1970 where there are none."""
    dates = [turn.timestamp for turn in turns]
    dates += [action.created_at for turn in turns for action in turn.actions]
    return max(dates, default=ZERO_DATE)


def as_held(turn: TranscriptTurn, before: TranscriptTurn | None = None) -> TranscriptTurn:
    """The turn as it is read back from a file, with what the turn before it knew of equal actions besides."""
    known = (
        {(one.method, one.title, one.detail, one.created_at): one for one in before.actions} if before else {}
    )
    return msgspec.structs.replace(
        turn,
        user_text=trimmed(turn.user_text),
        assistant_text=trimmed(turn.assistant_text),
        actions=tuple(
            known.get((one.method, one.title, one.detail, one.created_at), one) if not _beyond(one) else one
            for one in turn.actions
        ),
    )


def _beyond(action: Action) -> bool:
    return bool(action.extra) or action.item_id is not None or action.item_type is not None


def in_order(turns: list[TranscriptTurn]) -> list[TranscriptTurn]:
    """Turns by their dates; those of one second stay in the order of their file, which is that of their beginning."""
    return sorted(turns, key=lambda turn: turn.timestamp)


def last_turns(turns: list[TranscriptTurn], limit: int | None) -> list[TranscriptTurn]:
    """The last `limit` turns in order; all without a limit."""
    ordered = in_order(turns)
    return ordered if limit is None else ordered[max(0, len(ordered) - limit) :]
