"""What a tool told the model beside the chat is kept word for word: its instructions, contexts and compactions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.migrate.sessions import logs

AT = "2026-04-10T20:11:34.641Z"
META = {"id": "019a0000-0000-7000-8000-0000000000aa", "timestamp": AT, "cwd": "/home/ada"}
RULES = {"text": "You are a careful agent. Never say weld."}


def line(kind: str, payload: dict[str, Any]) -> bytes:
    """One line of a rollout."""
    return json.dumps({"timestamp": AT, "type": kind, "payload": payload}).encode()


def said(role: str, text: str) -> bytes:
    """One message of a role."""
    content = [{"type": "output_text" if role == "assistant" else "input_text", "text": text}]
    return line("response_item", {"type": "message", "role": role, "content": content})


def kept(*lines: bytes) -> list[str]:
    """The rows that are kept of a log and not shown, without what says where they are from."""
    weaver = logs.read(b"".join(one + b"\n" for one in lines), "log")
    counted = sum(sum(one.lines.values()) for one in weaver.tallies())
    assert counted == len(lines)
    return [row.text for row in logs.view_of(weaver.woven.all_facts()).attic()]


def holds(rows: list[str], one: bytes) -> bool:
    """Whether a line is among the rows, whatever the order of its fields."""
    return any(json.loads(one).items() <= json.loads(row).items() for row in rows)


@pytest.mark.parametrize("role", ["developer", "system"])
def test_a_message_that_nobody_typed_is_kept_and_not_shown(role: str) -> None:
    """It is many pages of rules in each session, which nobody wants to read between question and answer."""
    told = said(role, "<permissions instructions> Ask first.")
    assert holds(kept(line("session_meta", META), told, said("user", "Hello")), told)


def test_the_instructions_of_a_session_are_kept() -> None:
    """With its tools and what it was begun upon; the thread shows id, folder, version and model of it."""
    git = {"commit_hash": "c0ffee", "branch": "main"}
    meta = line(
        "session_meta", {**META, "base_instructions": RULES, "dynamic_tools": [{"name": "weld"}], "git": git}
    )
    assert holds(kept(meta, said("user", "Hello")), meta)


def test_the_instructions_of_an_old_log_are_kept() -> None:
    """Before September 2025 they stood in its header."""
    meta = json.dumps({**META, "instructions": "Never say weld."}).encode()
    user = json.dumps({"type": "message", "role": "user", "content": "Hello"}).encode()
    assert holds(kept(meta, user), meta)


def test_the_context_of_a_turn_is_kept_where_it_is_another_one() -> None:
    """Each turn repeats it, with an id and a date of its own."""
    context = {"cwd": "/home/ada", "model": "gpt-5", "developer_instructions": "Never say weld."}
    first = line("turn_context", {**context, "turn_id": "1", "current_date": "2026-04-10"})
    again = line("turn_context", {**context, "turn_id": "2", "current_date": "2026-04-11"})
    other = line("turn_context", {**context, "turn_id": "3", "sandbox_policy": {"type": "read-only"}})
    rows = kept(line("session_meta", META), first, said("user", "Hello"), again, said("user", "Go on"), other)
    assert [holds(rows, one) for one in (first, again, other)] == [True, False, True]


def test_what_a_compaction_put_in_is_kept() -> None:
    """The thread shows that there was one; what the model was given from then on may stand nowhere else."""
    boundary = line(
        "compacted", {"message": "", "replacement_history": [{"role": "user", "content": "in short"}]}
    )
    assert holds(kept(line("session_meta", META), said("user", "Hello"), boundary), boundary)


def test_a_context_that_was_read_before_is_known_when_reading_goes_on() -> None:
    """A log in two pieces gives the facts of the whole one."""
    context = line("turn_context", {"model": "gpt-5", "developer_instructions": "Never say weld."})
    log = [line("session_meta", META), context, said("user", "Hello"), context, said("user", "Go on")]
    assert len([row for row in kept(*log) if "turn_context" in row]) == 1
