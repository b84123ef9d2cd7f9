"""Forks and sub-agents in Codex rollouts: what a session hangs on, and where its own part begins."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from chatdoc.model.clock import ms_of
from migrate.codex.shape import Body, Line
from migrate.codex.state import CodexState
from migrate.session.item import Link

UUID_AT_END = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
SPAWNED = "You are the newly spawned agent."
"""How the answer to the parent's spawn call begins, the first record that is the child's own."""


def link_of(body: Body) -> Link | None:
    """What a session_meta says its session hangs on."""
    spawned: dict[str, Any] = {}
    if isinstance(body.source, dict):
        subagent = body.source.get("subagent")
        inner = subagent.get("thread_spawn") if isinstance(subagent, dict) else None
        spawned = inner if isinstance(inner, dict) else {}
    parent = body.parent_thread_id or spawned.get("parent_thread_id")
    detail = {
        name.removeprefix("agent_"): spawned[name]
        for name in ("agent_nickname", "agent_role", "depth")
        if isinstance(spawned.get(name), str | int)
    }
    if isinstance(body.history_base, dict) and isinstance(body.history_base.get("thread_id"), str):
        detail |= {name: value for name, value in body.history_base.items() if isinstance(value, int)}
        return Link(kind="fork", session=body.history_base["thread_id"], detail=detail)
    if isinstance(parent, str):
        return Link(kind="subagent", session=parent, detail=detail)
    if body.forked_from_id is not None:
        return Link(kind="fork", session=body.forked_from_id)
    return None


def ends_copy(state: CodexState, line: Line, body: Body) -> bool:
    """Whether the session's own part begins: a turn whose id, being in order of time, is younger than the session.

    Turns without such ids leave the clock: a copy is stamped with the moment of the fork, or keeps older times.
    """
    turn = body.turn_id
    if (
        body.type == "function_call_output"
        and isinstance(body.output, str)
        and body.output.startswith(SPAWNED)
    ):
        state.copying = False
        return True
    if turn is not None and UUID_AT_END.search(turn) and turn[14:15] == "7" == state.session_id[14:15]:
        state.ordered_turns = True
        own = turn > state.session_id and body.type == "task_started"
        own = own or (turn > state.session_id and line.type == "turn_context")
    elif state.ordered_turns:
        own = False
    else:
        own = _is_later(line.timestamp, state.started_at)
    if own:
        state.copying = False
    return own


def _is_later(date: str | None, start: str | None) -> bool:
    """Whether a record was written more than a second after the session began."""
    if date is None or start is None:
        return False
    try:
        return _ms(date) > _ms(start) + 1000
    except ValueError:
        return False


_ms = lru_cache(maxsize=64)(ms_of)
"""A copied history repeats few dates in many lines, and each is compared with the same start."""
