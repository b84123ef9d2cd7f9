"""A date of any era becomes milliseconds and one spelling; what it was is kept where the spelling changes."""

from __future__ import annotations

import re
from typing import Any

from chatdoc.clock import MS_MAX, iso, ms_of

_CANONICAL = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z")
_DIGITS = re.compile(r"[+-]?\d{1,17}(\.\d+)?")
_days: dict[str, int] = {}


def read_date(value: Any) -> int | None:
    """Milliseconds of an ISO date with any offset, a number or its digits; None for anything else.

    Dates outside the years 1970 to 9999 are None too: the text form cannot spell them.
    """
    if isinstance(value, str):
        if _CANONICAL.fullmatch(value):
            return _fast(value)
        text = value.strip()
        if _DIGITS.fullmatch(text):
            return _within(int(float(text)) if "." in text else int(text))
        try:
            return _within(ms_of(text)) if len(text) >= 8 else None
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return _within(int(value)) if abs(value) <= MS_MAX else None


def spelled(ms: int) -> str:
    """The one spelling of a date in a document."""
    return iso(ms)


def _fast(value: str) -> int | None:
    day = value[:10]
    start = _days.get(day)
    if start is None:
        try:
            start = ms_of(day)
        except ValueError:
            return None
        if len(_days) < 50_000:
            _days[day] = start
    hours = int(value[11:13])
    if hours > 23:
        return None
    return _within(
        start + ((hours * 60 + int(value[14:16])) * 60 + int(value[17:19])) * 1000 + int(value[20:23])
    )


def _within(ms: int) -> int | None:
    return ms if 0 <= ms <= MS_MAX else None
