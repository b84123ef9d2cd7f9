"""Times of the consensus tables: text in UTC in the old ones, a number in the new ones that may be seconds or more."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import iso, ms_of

_MILLISECONDS_FROM = 100_000_000_000
"""As seconds this is the year 5138; whatever is greater was written in milliseconds."""


def shown(ms: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC, as the old tables have it."""
    return iso(max(ms, 0))[:19].replace("T", " ")


def from_number(number: Any) -> str:
    """The time of a new row, whether it was written in seconds or in milliseconds."""
    if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
        return ""
    ms = int(number) if number >= _MILLISECONDS_FROM else int(number * 1000)
    try:
        return shown(ms)
    except ValueError:
        return ""


def from_text(value: Any) -> str:
    """The time of an old row in its one spelling; as it is where it is none."""
    if isinstance(value, int | float):
        return from_number(value)
    if not isinstance(value, str):
        return ""
    try:
        return shown(ms_of(value))
    except (ValueError, OverflowError):
        return value


def to_ms(date: str) -> int:
    """Milliseconds of a time in its one spelling; 0 for what is none."""
    try:
        return max(ms_of(date), 0)
    except (ValueError, OverflowError):
        return 0
