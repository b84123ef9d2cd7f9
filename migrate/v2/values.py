"""Values as people and other programs write them, read with care: what does not fit gives None, never a guess."""

from __future__ import annotations

from typing import Any

from chatdoc.model.clock import MS_MAX, ms_of
from chatdoc.model.ids import STAMP_MS_END, Stamp, is_ulid, time_ms


def moment(value: Any) -> int | None:
    """Milliseconds since 1970 of an ISO date, a number or a text of digits; None for anything else."""
    if isinstance(value, str):
        if value.isascii() and value.isdigit():
            ms = int(value[:20])
        else:
            try:
                ms = ms_of(value)
            except (ValueError, OverflowError):
                return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        ms = int(value)
    else:
        return None
    return ms if 0 <= ms <= MS_MAX else None


def stamp(value: Any) -> Stamp | None:
    """A stamp that a document may hold: a ULID from before the year 2100; None for anything else."""
    if isinstance(value, str) and is_ulid(value) and time_ms(value) < STAMP_MS_END:
        return Stamp(value)
    return None


def stamp_pair(value: Any) -> tuple[Stamp, str] | None:
    """A stamp and who wrote it, as `stamps` holds them; None for anything else."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        first = stamp(value[0])
        if first is not None:
            return first, value[1]
    return None


def text(value: Any) -> str | None:
    """A text, or None."""
    return value if isinstance(value, str) else None
