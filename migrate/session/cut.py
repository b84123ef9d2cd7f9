"""A text that is longer than a record may have is cut, and says how much of it is in the log alone."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.limits import FACT_BYTES_MAX, JSON_GROWTH, MIB

CUT = "more characters are in the log"
TEXT_LENGTH_MAX = (FACT_BYTES_MAX - MIB) // JSON_GROWTH
"""Whatever its characters are, a record has room for so many of them and for what stands beside."""
VALUE_LENGTH_MAX = 1_000_000
VALUE_BYTES_MAX = 8 * MIB
"""A longer value is cut as the text that it is as JSON, which has more characters than stay."""


def cut_text(text: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """The text, or the beginning of a longer one with how much is left out."""
    if len(text) <= length_max:
        return text
    return f"{text[:length_max]}\n… {len(text) - length_max} {CUT}"


def cut_value(value: Any) -> Any:
    """The value, or the beginning of its JSON where that is longer than a record should have."""
    raw = msgspec.json.encode(value)
    if len(raw) <= VALUE_BYTES_MAX:
        return value
    return cut_text(value if isinstance(value, str) else raw.decode(), VALUE_LENGTH_MAX)


def is_cut(value: Any) -> bool:
    """Whether a text or value was cut here."""
    return isinstance(value, str) and CUT in value[-100:]
