"""A tool call in words: its name, what it is about, and its result, as markdown that any reader of a chat can show."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from migrate.nesting import is_deep
from migrate.session.cut import cut_text

ABOUT_LENGTH_MAX = 200
RESULT_LENGTH_MAX = 1_000_000
"""Longer results are cut in the text that is shown; the cut says how much, and the log has it all."""
_TOLD_BY = (
    "command", "cmd", "file_path", "path", "notebook_path", "pattern", "query", "url", "prompt", "description",
    "skill", "session_id",
)  # fmt: skip
_FENCE = re.compile(r"`{3,}")


def arguments_of(name: str, given: Any) -> Any:
    """What a call was given, as JSON: tools spell it as JSON within a text, some of them twice."""
    for _ in range(2):
        if not isinstance(given, str) or given[:1] not in ("{", '"', "["):
            break
        try:
            given = msgspec.json.decode(given)
        except (msgspec.DecodeError, RecursionError):
            break
    if name == "apply_patch" and isinstance(given, str):
        return {"patch": given}
    if is_deep(given):
        return msgspec.json.encode(given).decode()
    return given


def call_text(name: str, given: Any) -> str:
    """The line that stands for a call."""
    about = _about(given)
    if not about:
        return f"**{name}**"
    if len(about) > ABOUT_LENGTH_MAX:
        about = about[: ABOUT_LENGTH_MAX - 1] + "…"
    tick = "``" if "`" in about else "`"
    return f"**{name}** {tick}{about}{tick}"


def with_result(text: str, result: str) -> str:
    """The call's line and its result below it, fenced so that nothing in the result ends the fence."""
    if not result.strip():
        return text
    result = cut_text(result, RESULT_LENGTH_MAX)
    longest = 2
    if "```" in result:
        longest = max(len(found) for found in _FENCE.findall(result))
    fence = "`" * (longest + 1)
    return (
        f"{text}\n\n{fence}\n{result.rstrip()}\n{fence}" if text else f"{fence}\n{result.rstrip()}\n{fence}"
    )


def _about(given: Any) -> str:
    if isinstance(given, str):
        return " ".join(given[: 4 * ABOUT_LENGTH_MAX].split())
    if isinstance(given, dict):
        for name in _TOLD_BY:
            value = given.get(name)
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                value = " ".join(value)
            if isinstance(value, str | int) and str(value).strip():
                return " ".join(str(value)[: 4 * ABOUT_LENGTH_MAX].split())
    return ""
