"""Legacy archive, one file a day: its turns have no ids, so an id is derived from thread, content and occurrence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from migrate.transcript.identity import derived_uuid
from migrate.transcript.turn import Action, Problem, TranscriptTurn, in_order, trimmed, whole_seconds

_TURN = re.compile(r"## Turn (.+?)[ \t]*")
_ACTION = re.compile(r"- \*\*(.+)\*\* \(`([^`]+)`\): (.*)")


def read_day(data: bytes, thread_id: str) -> tuple[list[TranscriptTurn], list[Problem]]:
    """The turns of one day's file of a thread, and what was wrong in it."""
    lines = [line.removesuffix("\r") for line in data.decode("utf-8", "replace").split("\n")]
    starts = [number for number, line in enumerate(lines) if _is_turn(lines, number, line)]
    turns: list[TranscriptTurn] = []
    problems: list[Problem] = []
    seen: Counter[str] = Counter()
    for start, end in pairwise([*starts, len(lines)]):
        found = _TURN.fullmatch(lines[start])
        try:
            timestamp = whole_seconds(found[1] if found else "")
        except (ValueError, OverflowError):
            problems.append(
                Problem(code="malformed_marker", line=start + 1, decision="this turn is not read")
            )
            continue
        user, assistant, actions = _sections(lines[start + 1 : end])
        turn = TranscriptTurn(
            turn_id="",
            timestamp=timestamp,
            status="completed",
            user_text=user,
            assistant_text=assistant,
            actions=tuple(
                Action(title=one[1], method=one[2], detail=one[3], created_at=timestamp)
                for one in map(_ACTION.fullmatch, actions)
                if one is not None
            ),
        )
        content = fingerprint(turn)
        seen[content] += 1
        turns.append(_named(turn, derived_uuid("legacy-turn", thread_id, content, str(seen[content]))))
    return turns, problems


def merged(known: list[TranscriptTurn], legacy: Iterable[TranscriptTurn]) -> list[TranscriptTurn]:
    """The turns of a thread file with those of the days that it lacks, each once, by their dates."""
    contents = {fingerprint(turn) for turn in known}
    found = list(known)
    for turn in legacy:
        content = fingerprint(turn)
        if content not in contents:
            contents.add(content)
            found.append(turn)
    return in_order(found)


def fingerprint(turn: TranscriptTurn) -> str:
    """What makes a turn of the archive the same as another: everything but its id."""
    actions = sorted((one.created_at, one.method, one.title, one.detail) for one in turn.actions)
    parts = [turn.timestamp, turn.status, trimmed(turn.user_text), trimmed(turn.assistant_text)]
    parts += ["|".join(action) for action in actions]
    return "\x00".join(f"{len(part)}:{part}" for part in parts)


def _is_turn(lines: list[str], number: int, line: str) -> bool:
    """Whether a turn begins here: its heading, and before the next one the heading of the user's text."""
    if not line.startswith("## Turn "):
        return False
    follows = next((one for one in lines[number + 1 :] if one.strip()), "")
    return follows.rstrip() == "### User"


def _sections(lines: list[str]) -> tuple[str, str, list[str]]:
    at = {name: _heading(lines, name) for name in ("User", "Assistant", "Actions")}
    user = _text(lines, at["User"], at["Assistant"])
    assistant = _text(lines, at["Assistant"], at["Actions"])
    actions = lines[at["Actions"] + 1 :] if at["Actions"] is not None else []
    return user, assistant, actions


def _heading(lines: list[str], name: str) -> int | None:
    found = [number for number, line in enumerate(lines) if line.rstrip() == f"### {name}"]
    # Behind the heading of the actions nothing but actions stands, so of several the last one is it.
    return (found[-1] if name == "Actions" else found[0]) if found else None


def _text(lines: list[str], begin: int | None, end: int | None) -> str:
    if begin is None:
        return ""
    text = trimmed("\n".join(lines[begin + 1 : end]))
    return text if end is not None else trimmed(text.removesuffix("---"))


def _named(turn: TranscriptTurn, turn_id: str) -> TranscriptTurn:
    return TranscriptTurn(
        turn_id=turn_id,
        timestamp=turn.timestamp,
        status=turn.status,
        user_text=turn.user_text,
        assistant_text=turn.assistant_text,
        actions=turn.actions,
    )
