"""What stands between the markers of a turn: three headings, two texts, and actions as a JSON list."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from migrate.transcript.escaping import PLACEHOLDERS, unescape
from migrate.transcript.turn import ZERO_DATE, Action, trimmed, whole_seconds
from migrate.transcript.write import BEGIN, END

_PLACEHOLDERS = frozenset(PLACEHOLDERS.values())
_ACTION_FIELDS = ("method", "title", "detail", "createdAt", "itemID", "itemType")
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


class Body(NamedTuple):
    """The texts and actions of a block; `whole` when each part stands where it belongs."""

    user: str
    assistant: str
    actions: tuple[Action, ...]
    whole: bool
    problems: list[tuple[str, str]]
    """Codes, and what was decided."""


def parse_body(lines: list[str], *, escaped: bool) -> Body:
    """Reads the lines of a block without its markers; what is missing is empty, and said."""
    problems: list[tuple[str, str]] = []
    headings = _headings(lines, _quoted(lines))
    user_at = _first(headings["User"], -1)
    actions_at, rows = _actions_at(lines, [line for line in headings["Actions"] if line > user_at])
    between = [line for line in headings["Assistant"] if user_at < line < actions_at]
    assistant_at = _first(between, actions_at)
    if len(between) > 1:
        problems.append(
            ("ambiguous_text", "the first heading that ends the user's text is taken for its end")
        )
    user = _text(lines[user_at + 1 : assistant_at]) if user_at >= 0 else ""
    assistant = _text(lines[assistant_at + 1 : actions_at])
    assistant = "" if assistant in _PLACEHOLDERS else assistant
    if escaped:
        user, assistant = unescape(user), unescape(assistant)
    whole = user_at >= 0 and bool(between) and rows is not None
    if user_at < 0 or not between:
        problems.append(("missing_section", "the text of a missing section is empty"))
    actions: list[Action] = []
    if rows is None:
        problems.append(("damaged_actions", "the actions of this turn are not read"))
    for row in rows or ():
        action = _action(row)
        if action is None:
            problems.append(("damaged_action", "this action is not read"))
        else:
            actions.append(action)
    return Body(user, assistant, tuple(actions), whole, problems)


def opens(lines: list[str], number: int) -> bool:
    """Whether a block begins at a line: a begin marker, and the heading of its turn below."""
    return (
        number + 1 < len(lines)
        and lines[number].lstrip().startswith(BEGIN)
        and lines[number + 1].startswith("## Turn ")
    )


def _quoted(lines: list[str]) -> set[int]:
    """Lines of whole blocks that a text of this block quotes."""
    begun: list[int] = []
    found: set[int] = set()
    for number, line in enumerate(lines):
        if "<!-- CODEXCHAT_" not in line:
            continue
        if opens(lines, number):
            begun.append(number)
        elif begun and line.strip() == END:
            found.update(range(begun.pop(), number))
    return found


def _headings(lines: list[str], quoted: set[int]) -> dict[str, list[int]]:
    """Lines that are a heading and no quotation, with a blank line or an end on either side, by its name."""
    found: dict[str, list[int]] = {"User": [], "Assistant": [], "Actions": []}
    for number, line in enumerate(lines):
        if not line.startswith("### ") or number in quoted:
            continue
        places = found.get(line[4:].rstrip())
        before = lines[number - 1] if number else ""
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if places is not None and not after.strip() and (not before.strip() or before.startswith("## Turn ")):
            places.append(number)
    return found


def _actions_at(lines: list[str], candidates: list[int]) -> tuple[int, list[Any] | None]:
    """The last heading of actions behind which a list stands and nothing else; without one, the last heading."""
    for line in reversed(candidates):
        rows = _rows("\n".join(lines[line + 1 :]))
        if rows is not None:
            return line, rows
    return (candidates[-1] if candidates else len(lines)), None


def _rows(section: str) -> list[Any] | None:
    text = trimmed(section)
    if text.startswith("```"):
        text = text.partition("\n")[2]
        if not text.endswith("```"):
            return None
        text = text.removesuffix("```")
    try:
        rows = msgspec.json.decode(_readable(text).encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return rows if isinstance(rows, list) else None


def _action(row: Any) -> Action | None:
    if not isinstance(row, dict):
        return None
    values = {name: row.get(name) for name in _ACTION_FIELDS}
    if any(not isinstance(values[name], str) for name in ("method", "title")):
        return None
    extra = {name: value for name, value in row.items() if name not in _ACTION_FIELDS}
    for name in ("detail", "createdAt", "itemID", "itemType"):
        if values[name] is not None and not isinstance(values[name], str):
            extra[name], values[name] = values[name], None
    try:
        created_at = whole_seconds(values["createdAt"] or "")
    except (ValueError, OverflowError):
        created_at = ZERO_DATE
    return Action(
        method=str(values["method"]),
        title=str(values["title"]),
        detail=values["detail"] or "",
        created_at=created_at,
        item_id=values["itemID"],
        item_type=values["itemType"],
        extra=extra,
    )


def _text(lines: list[str]) -> str:
    return _readable(trimmed("\n".join(lines)))


def _readable(text: str) -> str:
    return text if text.isascii() else _ESCAPED_BYTE.sub("\N{REPLACEMENT CHARACTER}", text)


def _first(numbers: list[int], otherwise: int) -> int:
    return numbers[0] if numbers else otherwise
