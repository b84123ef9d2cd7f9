"""A date of any era becomes milliseconds since 1970, whatever its spelling; what is no date becomes nothing."""

from __future__ import annotations

import re
from typing import Any

from chatdoc.model.clock import MS_MAX, ms_of

_DIGITS = re.compile(r"([+-]?[0-9]{1,17})(?:\.[0-9]*)?")
_MIDNIGHT = re.compile(r"[T ]24")
_LENGTH_MIN = 8


def read_date(value: Any) -> int | None:
    """Milliseconds of an ISO date with any offset, of a number or of its digits; fractions are cut; None for all else.

    Dates outside the years 1970 to 9999 are None too: the text form cannot spell them.
    """
    if isinstance(value, str):
        return canonical_ms(value) if is_canonical(value) else _read_text(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MS_MAX:
        return None
    return _within(int(value))


def is_canonical(text: str) -> bool:
    """Whether every separator of `YYYY-MM-DDTHH:MM:SS.mmmZ` stands in its place, as in nearly every row."""
    return len(text) == 24 and text[4:20:3] == "--T::." and text[23] == "Z" and text[22] != " "


def canonical_ms(text: str) -> int | None:
    """Milliseconds of a text that `is_canonical`, or None where its digits are no date."""
    # Python 3.14 takes hour 24 for the next midnight, others refuse it: here it is refused by all.
    if text[11:13] == "24":
        return None
    try:
        return _within(ms_of(text))
    except ValueError:
        return None


def _read_text(text: str) -> int | None:
    digits = _DIGITS.fullmatch(text)
    if digits is not None:
        return _within(int(digits[1]))
    if len(text) < _LENGTH_MIN or _MIDNIGHT.search(text) is not None:
        return None
    try:
        return _within(ms_of(text))
    except (ValueError, OverflowError):
        return None


def _within(ms: int) -> int | None:
    return ms if 0 <= ms <= MS_MAX else None
